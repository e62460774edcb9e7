"""Pairs of marketing copy for one brief: out of two kept runs, and the labels that people give them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from shopwright.agent.copy_rules import Copy, copy_of, copy_problems
from shopwright.evals.errors import EvalError
from shopwright.evals.proposals import read_text
from shopwright.evals.records import Call, CaseRecord, Run, TurnRecord
from shopwright.evals.surroundings import keep_text

Better = Literal["a", "b", "tie"]
LABELS: tuple[Better, ...] = ("a", "b", "tie")
BRIEF = ("channel", "language", "segment", "discount_percent")


@dataclass(frozen=True)
class Pair:
    """Two copies for one brief; `facts` is the data that both were written from."""

    id: str
    request: str
    a: str
    b: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def language(self) -> str:
        """The language of the copies."""
        return str(self.facts.get("language") or "en")

    @property
    def by_rules(self) -> Better:
        """Which copy has fewer unsafe problems, and where these are equal, fewer problems."""
        one, two = (self._problems(text) for text in (self.a, self.b))
        return "tie" if one == two else "a" if one < two else "b"

    def _problems(self, text: str) -> tuple[int, int]:
        facts = {**self.facts, "request": self.request}
        found = copy_problems(Copy(text, str(self.facts.get("channel", "")), self.language, facts))
        return sum(problem.unsafe for problem in found), len(found)


def pairs_of(run_a: Run, run_b: Run) -> list[Pair]:
    """The copies that both runs wrote to one request about one product. Raises EvalError for none.

    Runs kept in brief do not say what the copies were written from, and give no pairs.
    """
    second = dict(_copies(run_b))
    found = [
        Pair(
            key,
            turn.ask,
            copy_of(turn.text, call.result),
            copy_of(second[key][0].text, result),
            dict(call.result or {}),
        )
        for key, (turn, call) in _copies(run_a)
        if key in second
        for result in [second[key][1].result]
        if second[key][0].ask == turn.ask and _brief(call.result) == _brief(result)
    ]
    if not found:
        raise EvalError(
            "The two runs have no copy in common: both must hold answers of write_copy to the same cases, "
            "about the same product, and be kept whole (without --brief)."
        )
    return found


def write_sheet(path: Path, pairs: Iterable[Pair]) -> int:
    """A sheet for people to fill in, JSON lines: `better` is to become a, b or tie; how many."""
    rows = [
        {"id": one.id, "better": "", "request": one.request, "a": one.a, "b": one.b, "facts": dict(one.facts)}
        for one in pairs
    ]
    keep_text(path, "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows))
    return len(rows)


def read_labels(path: Path) -> dict[str, Better]:
    """What people said: JSON lines of `id` and `better` (a, b, tie; empty: not yet). Raises EvalError."""
    found: dict[str, Better] = {}
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise EvalError(f"{path}:{number}: this is no JSON: {error}.") from error
        if not isinstance(row, dict) or not isinstance(row.get("id"), str):
            raise EvalError(f'{path}:{number}: a label is {{"id": ..., "better": "a"}}, with a, b or tie.')
        name, better = row["id"], row.get("better")
        if better in ("", None):
            continue
        if better not in LABELS:
            raise EvalError(f"{path}:{number}: `better` is a, b or tie, not {better!r}.")
        if found.get(name, better) != better:
            raise EvalError(
                f"{path}:{number}: {name} was labelled {found[name]} before; keep one of the two."
            )
        found[name] = better
    return found


def _copies(run: Run) -> Iterator[tuple[str, tuple[TurnRecord, Call]]]:
    """The turns of a run whose last call wrote a copy, by case, trial and turn."""
    for case in run.cases:
        for at, turn in enumerate(case.turns):
            call = turn.calls[-1] if turn.calls else None
            if call and call.tool == "write_copy" and call.status == "done" and call.result is not None:
                yield _key(case, at), (turn, call)


def _key(case: CaseRecord, turn: int) -> str:
    several = f"#{turn + 1}" if len(case.turns) > 1 else ""
    return f"{case.id}{several}{f'~{case.trial + 1}' if case.trial else ''}"


def _brief(result: Mapping[str, Any] | None) -> list[Any]:
    data = result or {}
    product = data.get("product")
    return [product.get("product_id") if isinstance(product, Mapping) else product, *map(data.get, BRIEF)]

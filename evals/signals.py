"""What happened to the product's answers becomes cases: thumbs, handoffs, edits, outcomes.

`collect` proposes, without personal data; `write_proposals` writes them for a person to review; `accept`
moves those marked `review: accept` into a suite. What a signal suggests:

- a thumb up: the call as it was made; the answer's words are not fixed
- a thumb down, an answer that was stopped, failed or was asked for again: the request, and a note; the
  reviewer says which call would have been right
- a handoff: the request for a person is handed over, and a note for the turn before
- a segment that was saved and left alone: the call that found it; one that was edited afterwards: a note
- a forecast of a campaign that began afterwards and is over: the call, and a note of what came of it
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from shopwright.evals.accepting import accept
from shopwright.evals.masking import Asker, Known, left, mask, masked
from shopwright.evals.people import people_in
from shopwright.evals.proposals import write_proposals
from shopwright.evals.proposed import Proposal, Turn
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.signals import LIMIT, PastStep, PastTurn, Signal, Signals

__all__ = ["Collected", "Proposal", "Turn", "accept", "collect", "write_proposals"]

ADDED: Mapping[str, dict[str, int]] = {"hand_to_person": {"ticket": 1}, "save_segment": {"saved_segment": 1}}
WORDED = ("reason",)  # arguments that the model words itself
AS_CALLED = ("up", "kept", "outcome")
MEANS = {
    "up": "thumb up",
    "down": "thumb down",
    "handoff": "handed to a person",
    "stopped": "stopped by the person",
    "failed": "failed",
    "repeated": "asked again, word for word",
    "kept": "saved segment, left as it was",
    "edited": "saved segment, edited afterwards",
    "outcome": "forecast, and what came of it",
}
ADVICE = {
    "down": "What would have been right? Fill in `tool` and `arguments`, or what the answer `says`.",
    "stopped": "Why was it stopped? Fill in what would have been right, or `within` (seconds).",
    "failed": "Fill in what would have been right.",
    "repeated": "The first answer did not help. Fill in what would have been right.",
    "edited": "The segment found was not the one meant. Fill in the right `arguments`.",
}
NAMED = "The shop has a segment of this name: give it another in `ask` and `arguments`."


@dataclass(frozen=True)
class Collected:
    """What was found: the proposals, and how many were dropped because personal data were left in them."""

    proposals: list[Proposal] = field(default_factory=list)
    dropped: int = 0
    signals: Mapping[str, int] = field(default_factory=dict)
    """Signals read, by kind; the same request with the same expectation is one proposal."""


def collect(shop: Shop, since: date | datetime | None = None, limit: int = LIMIT) -> Collected:
    """Cases from what people did since then, at most `limit` signals of each kind, the newest first."""
    if since is not None and not isinstance(since, datetime):
        since = datetime(since.year, since.month, since.day)
    found = list(Signals(shop.engine).all(since, limit))
    known = people_in(shop, [text for signal in found for text in _texts(signal)])
    kept: dict[str, Proposal] = {}
    dropped = 0
    for signal in found:
        proposal = _proposal(signal, known)
        if left(proposal.text, known):
            dropped += 1
        elif proposal.id in kept:
            earlier = kept[proposal.id]
            kept[proposal.id] = replace(earlier, times=earlier.times + 1, day=max(earlier.day, proposal.day))
        else:
            kept[proposal.id] = proposal
    return Collected(list(kept.values()), dropped, Counter(signal.kind for signal in found))


def _texts(signal: Signal) -> Iterator[str]:
    yield signal.reason
    yield json.dumps(signal.details, ensure_ascii=False, default=str)
    for turn in signal.turns:
        yield turn.ask
        for step in turn.steps or []:
            yield json.dumps(step.arguments, ensure_ascii=False, default=str)


def _proposal(signal: Signal, known: Known) -> Proposal:
    asker = Asker(signal.role, signal.customer_id, signal.actor)
    last = len(signal.turns) - 1
    turns = [
        Turn(
            ask=mask(turn.ask, known, asker),
            expected=_expected(signal, turn, at, last, known, asker),
            notes=tuple(_notes(signal, turn, known, asker)) if at == last else _before(signal, at, last),
        )
        for at, turn in enumerate(signal.turns)
    ]
    proposal = Proposal(
        id="",
        kind=signal.kind,
        role=signal.role,
        signed_in=signal.customer_id is not None,
        turns=tuple(turns),
        day=signal.at.date().isoformat(),
        means=MEANS[signal.kind],
    )
    same = json.dumps([signal.kind, proposal.case], sort_keys=True, ensure_ascii=False, default=str)
    digest = hashlib.blake2b(same.encode(), digest_size=5).hexdigest()
    return replace(proposal, id=f"{signal.kind}-{digest}")


def _expected(
    signal: Signal, turn: PastTurn, at: int, last: int, known: Known, asker: Asker
) -> dict[str, Any]:
    """What is suggested of one turn's answer; earlier turns are not graded, but may change what they did."""
    step = turn.steps[-1] if turn.steps else None
    if signal.kind == "handoff":
        return {"tool": "hand_to_person", "changes": {"ticket": 1}} if at == last else {}
    graded = (signal.kind in AS_CALLED and at == last) or (signal.kind == "kept" and at == last - 1)
    if graded and turn.steps is not None:
        return _as_called(step, known, asker)
    changed = step is not None and step.status == "done" and step.tool in ADDED
    return {"changes": dict(ADDED[step.tool])} if step is not None and changed and at < last else {}


def _as_called(step: PastStep | None, known: Known, asker: Asker) -> dict[str, Any]:
    if step is None:
        return {"tool": None}
    arguments = {
        name: masked(value, known, asker, name)
        for name, value in step.arguments.items()
        if name not in WORDED and value is not None
    }
    expected: dict[str, Any] = {"tool": step.tool}
    if arguments:
        expected["arguments"] = arguments
    if step.status == "failed":
        expected["status"] = "failed"
    elif step.tool in ADDED:
        expected["changes"] = dict(ADDED[step.tool])
    return expected


def _notes(signal: Signal, turn: PastTurn, known: Known, asker: Asker) -> Iterator[str]:
    """What the reviewer should know of the answer."""
    if signal.reason.strip():
        yield f"The reason: {mask(signal.reason, known, asker)}"
    if signal.kind in ADVICE:
        for step in turn.steps or []:
            arguments = masked(step.arguments, known, asker)
            said = json.dumps(arguments, ensure_ascii=False, default=str)
            yield f"It ran {step.tool} {said}{' and was refused' if step.status == 'failed' else ''}."
        yield ADVICE[signal.kind]
    if signal.kind == "edited":
        changed = json.dumps(masked(signal.details, known, asker), ensure_ascii=False, default=str)
        yield f"Afterwards it was given another filter: {changed}"
    if signal.kind in ("kept", "edited"):
        yield NAMED
    if signal.kind == "outcome":
        yield _outcome(signal.details)


def _before(signal: Signal, at: int, last: int) -> tuple[str, ...]:
    if signal.kind == "handoff" and at == last - 1:
        return ("A person was asked for after this answer. What should it have been?",)
    return ()


def _outcome(details: Mapping[str, Any]) -> str:
    rate, forecast = details["used"] / details["sent"], details["forecast"]
    low, high = float(forecast["low"]), float(forecast["high"])
    verdict = "as forecast" if low <= rate <= high else "not as forecast"
    return (
        f"A campaign of the type began {details['days']} days later: {rate:.1%} of its customers redeemed; "
        f"the 80% interval was {low:.1%} to {high:.1%} ({verdict}). It may have been another campaign."
    )

"""What a judge of copy said, how sure that is, and how far to trust it."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from shopwright.evals.records import Frozen
from shopwright.evals.statistics import cohen_kappa, mcnemar, wilson

NOTE = (
    "A judge is one model's opinion. It is read beside the rules of copy and people's labels, and decides "
    "nothing by itself: no gate takes it."
)


class Judged(Frozen):
    """What was said of one pair: in the given order, and with the copies swapped."""

    id: str
    better: Literal["a", "b", "tie"] | None = Field(description="None: it could not be read.")
    first: Literal["first", "second", "tie"] | None = None
    swapped: Literal["first", "second", "tie"] | None = None
    reasons: list[str] = Field(default_factory=list)
    same: bool = Field(default=False, description="The copies are the same; nobody was asked.")

    @property
    def asked(self) -> bool:
        """Whether both answers could be read."""
        return not self.same and self.better is not None

    @property
    def position(self) -> bool:
        """Whether the same place won both times, whichever copy stood there."""
        return self.asked and self.first == self.swapped and self.first != "tie"

    @property
    def agreed(self) -> bool:
        """Whether both orders gave the same verdict."""
        expected = {"first": "second", "second": "first", "tie": "tie"}
        return self.asked and self.first is not None and expected[self.first] == self.swapped


class Agreement(Frozen):
    """The judge beside somebody else, on the pairs that both judged."""

    judge: list[str] = Field(default_factory=list)
    other: list[str] = Field(default_factory=list)
    unknown: int = Field(default=0, description="Labels of pairs that are not here.")
    counts: dict[str, int] = Field(default_factory=dict, description="judge/other -> pairs")

    @property
    def figures(self) -> dict[str, Any]:
        """Pairs, the share on which both agree with its 95% interval, and Cohen's kappa."""
        pairs = len(self.judge)
        agreed = sum(one == other for one, other in zip(self.judge, self.other, strict=True))
        kappa = cohen_kappa(self.judge, self.other)
        return {
            "pairs": pairs,
            "agreed": agreed,
            "share": _rounded(agreed / pairs) if pairs else None,
            "share_ci": _interval(agreed, pairs),
            "kappa": None if kappa is None else _rounded(kappa),
            "unknown_labels": self.unknown,
            "counts": self.counts,
        }


class JudgeReport(Frozen):
    """All verdicts of one judge."""

    engine: str
    judged: list[Judged]
    rules: Agreement
    people: Agreement | None = None

    @property
    def figures(self) -> dict[str, Any]:
        """Wins, ties and losses of b against a, the sign test, position bias, and agreement."""
        counted = [one for one in self.judged if one.better is not None]
        a, b = (sum(one.better == side for one in counted) for side in ("a", "b"))
        asked = [one for one in self.judged if one.asked]
        biased = sum(one.position for one in asked)
        agreed = sum(one.agreed for one in asked)
        return {
            "judge": self.engine,
            "pairs": len(self.judged),
            "a_better": a,
            "b_better": b,
            "ties": len(counted) - a - b,
            "same": sum(one.same for one in self.judged),
            "unreadable": len(self.judged) - len(counted),
            "b_share": _rounded(b / (a + b)) if a + b else None,
            "b_share_ci": _interval(b, a + b),
            "p": _rounded(mcnemar(a, b)),
            "orders_agree": _rounded(agreed / len(asked)) if asked else None,
            "position_bias": _rounded(biased / len(asked)) if asked else None,
            "position_bias_ci": _interval(biased, len(asked)),
            "first_place": sum(one.first == "first" for one in asked if one.position),
            "rules": self.rules.figures,
            "people": None if self.people is None else self.people.figures,
            "note": NOTE,
        }

    @property
    def text(self) -> str:
        """The figures as people read them."""
        found = self.figures
        lines = [
            f"Judge: {self.engine}, {found['pairs']} pairs, each asked in both orders",
            f"  a better {found['a_better']}, b better {found['b_better']}, ties {found['ties']} "
            f"(of them the same text {found['same']}), unreadable {found['unreadable']}",
            f"  b wins {_share(found['b_share'], found['b_share_ci'])} of those decided, "
            f"sign test p = {found['p']}",
            f"  the position decided {_share(found['position_bias'], found['position_bias_ci'])} of the "
            "pairs asked about: those are ties",
            _told("with the rules of copy", found["rules"]),
        ]
        if found["people"] is not None:
            lines.append(_told("with people", found["people"]))
        return "\n".join([*lines, NOTE])


def _told(whom: str, figures: dict[str, Any]) -> str:
    kappa = "not defined" if figures["kappa"] is None else figures["kappa"]
    unknown = f"; {figures['unknown_labels']} labels of other pairs" if figures["unknown_labels"] else ""
    share = _share(figures["share"], figures["share_ci"])
    return f"  agrees {whom} on {share} of {figures['pairs']} pairs, Cohen's kappa {kappa}{unknown}"


def _share(share: float | None, interval: Sequence[float]) -> str:
    if share is None:
        return "none"
    return f"{share:.0%} (95% interval {interval[0]:.0%} to {interval[1]:.0%})"


def _interval(right: int, cases: int) -> list[float]:
    return [_rounded(end) for end in wilson(right, cases)]


def _rounded(value: float) -> float:
    return round(value, 4)

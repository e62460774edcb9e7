"""Terms that a copy must not hold: absolute, medical, insulting, and claims that nothing backs.

The terms stand in `copy_terms.csv`, one kind of claim a row: its pattern in English and in Chinese, whether
it is unsafe, and what may license it. `facts`: the shop's own name of the kind of product. `request`: that,
the product's name, or the person who asked for it. Nothing licenses the others. The column `basis` names
where the kind comes from: China's Advertising Law (articles 8, 9, 13, 16, 17, 28), the EU's directive on
unfair practices (2005/29, article 6 and annex 1) and its food rules (1924/2006, 1169/2011), and the FTC's
guides (16 CFR 233 on prices, 251 on "free", its health products guidance).
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from shopwright.agent.copy_facts import Copy, CopyProblem, asked_for, short_names

TERMS = Path(__file__).parent / "copy_terms.csv"
SAME = 4  # letters that two English words share where they are the same claim
MEANS = {
    "absolute": "an absolute term",
    "guarantee": "a guarantee",
    "health": "a medical claim",
    "claim": "a claim that the facts do not hold",
    "free": "a gift that the facts do not hold",
    "urgency": "an urgency that the facts do not hold",
    "offer": "an offer that the facts do not hold",
    "discrimination": "an insult or discrimination",
    "indecent": "something indecent",
    "authority": "an appeal to the state",
    "comparison": "a comparison that the facts do not hold",
    "audience": "the marketer's own label for customers, which is not for their eyes",
    "purpose": "advice against buying",
}


@dataclass(frozen=True)
class Term:
    """One kind of claim."""

    rule: str
    key: str
    unsafe: bool
    license: str
    patterns: tuple[re.Pattern[str], ...]


@cache
def terms() -> tuple[Term, ...]:
    """All kinds of claims, from the file beside this one."""
    with TERMS.open(encoding="utf-8", newline="") as file:
        return tuple(
            Term(
                rule=row["rule"],
                key=row["key"],
                unsafe=row["unsafe"] == "yes",
                license=row["license"],
                patterns=tuple(re.compile(row[key], re.IGNORECASE) for key in ("en", "zh") if row[key]),
            )
            for row in csv.DictReader(file)
        )


def claims(copy: Copy) -> Iterator[CopyProblem]:
    """Every term that nothing licenses, each once."""
    text = copy.without_names
    for term in terms():
        found = {match[0].strip().lower() for p in term.patterns for match in p.finditer(text)}
        for said in sorted(found):
            if not _licensed(copy, term, said):
                yield CopyProblem(term.rule, f"“{said}” is {MEANS[term.rule]}", term.unsafe)


def banned(copy: Copy) -> Iterator[CopyProblem]:
    """Terms that whoever asks has banned, wherever they stand."""
    for term in copy.banned:
        if term.strip() and squeezed(term) in squeezed(copy.text):
            yield CopyProblem("banned", f"“{term}” is banned here", True)


def disclosures(copy: Copy) -> Iterator[CopyProblem]:
    """Sentences that must be there; case, spaces and punctuation do not matter."""
    for wanted in copy.disclose:
        if squeezed(wanted) not in squeezed(copy.text):
            yield CopyProblem("disclosure", f"“{wanted}” must stand in it and does not", True)


def squeezed(text: str) -> str:
    """Text as compared: letters, digits and symbols of amounts only, in lower case."""
    return re.sub(r"[^\w%$€£¥￥]+", "", text.lower())


def _licensed(copy: Copy, term: Term, said: str) -> bool:
    if term.license and said in copy.kinds.lower():
        return True
    if term.license != "request":
        return False
    return any(_same(said, match[0]) for p in term.patterns for match in p.finditer(_licence(copy)))


def _licence(copy: Copy) -> str:
    return "\n".join((copy.kinds, short_names(copy), asked_for(copy)))


def _same(said: str, licensed: str) -> bool:
    """Whether two claims of one kind are the same; one in another language counts as the same."""
    other = licensed.strip().lower()
    if said.isascii() != other.isascii():
        return True
    length = SAME if said.isascii() else 2
    return said in other or other in said or said[:length] == other[:length]

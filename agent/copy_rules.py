"""Is a marketing copy fit to be sent? Deterministic rules, in both languages.

`copy_problems(Copy(text, channel, language, facts))` says everything that is wrong with a copy; an empty list
means that it may go out. A rule is a function of a `Copy` that yields `CopyProblem`s; a new one is added to
`RULES`. What a copy may rest on stands in `copy_facts`, the terms in `copy_terms.csv`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from shopwright.agent.copy_claims import banned, claims, disclosures
from shopwright.agent.copy_facts import Copy, CopyProblem
from shopwright.agent.copy_form import empty, format_of_channel, length, placeholders, unfinished
from shopwright.agent.copy_language import duplication, purity, readability
from shopwright.agent.copy_prices import parity, prices

__all__ = ["RULES", "Copy", "CopyProblem", "copy_from", "copy_of", "copy_problems", "is_fallback"]

Rule = Callable[[Copy], Iterator[CopyProblem]]

RULES: tuple[Rule, ...] = (
    claims,
    banned,
    disclosures,
    prices,
    parity,
    length,
    format_of_channel,
    placeholders,
    unfinished,
    purity,
    duplication,
    readability,
)

HEADLINE = re.compile(r"\A[^\n]*\*\*[^\n]*[:：][ \t]*(?:\n+|\Z)")
FACT = re.compile(r"(?:product|kind|price|offer|商品|品类|价格|优惠)\s*[:：]\s*\S")


def copy_problems(copy: Copy) -> list[CopyProblem]:
    """Everything that is wrong with a copy, the unsafe first."""
    if empty(copy):
        return [CopyProblem("empty", "there is no copy")]
    if is_fallback(copy.text):
        return [CopyProblem("fallback", "no copy was written: the plain facts stand in its place")]
    found = dict.fromkeys(problem for rule in RULES for problem in rule(copy))
    return sorted(found, key=lambda problem: not problem.unsafe)


def copy_from(text: str, data: Mapping[str, Any], *, currency: str, request: str, language: str = "") -> Copy:
    """A text written from the `data` of a `write_copy` result, with what it may rest on."""
    return Copy(
        text=text,
        channel=str(data.get("channel", "")),
        language=str(data.get("language") or language),
        facts={**data, "currency": currency, "request": request},
    )


def copy_of(answer: str, result: Mapping[str, Any] | None, headline: str | None = None) -> str:
    """The copy of an answer: what follows the line that says what it is about.

    `headline` is that line where it is known; else it is told by its bold name and its colon. `result`
    is the data of the `write_copy` result: without one, the answer holds no copy and '' is returned.
    """
    if result is None:
        return ""
    text = answer.strip()
    if headline and text.startswith(headline.strip()):
        return text[len(headline.strip()) :].strip()
    return HEADLINE.sub("", text, count=1).strip()


def is_fallback(text: str) -> bool:
    """Whether only plain facts stand where the copy should."""
    lines = [line.strip(" -\t") for line in text.splitlines() if line.strip()]
    return bool(lines) and len(lines) >= 2 and all(FACT.match(line) for line in lines)

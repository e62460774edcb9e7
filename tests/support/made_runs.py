"""Runs made by code, in the shape of real ones: suites, languages, tools, evidence, changes and failures."""

import random
from typing import Any

from shopwright.evals.records import Call, CaseRecord, Change, Grade, Run, TurnRecord

SUITES = ("marketer", "shopper", "safety", "bilingual", "copy")
TOOLS = ("find_segment", "recommend_products", "forecast", "write_copy", "search_products")
ASKS = {
    "en": "How many customers are at risk, and what should we offer them before the holidays?",
    "zh": "有多少客户快要流失了？节前应该给他们推荐什么？",
}
ANSWERS = {
    "en": "There are {n} customers in the segment, {p}% of all. The last order was 74 days ago.",
    "zh": "该分群共有 {n} 位客户，占全部客户的 {p}%。最近一次下单在 74 天前。",
}


def grade(
    check: str, passed: bool = True, *, problem: str = "", safety: bool = False, turn: int = 0
) -> Grade:
    """One check's word; a failed one always has a problem."""
    return Grade(
        check=check,
        turn=turn,
        passed=passed,
        problem="" if passed else problem or f"{check} went wrong",
        safety=safety,
    )


def turn(**fields: Any) -> TurnRecord:
    """A turn with everything that a test does not care about filled in."""
    return TurnRecord(**{"ask": ASKS["en"], "language": "en", "text": "Done.", **fields})


def case(name: str = "marketer/one", *grades: Grade, **fields: Any) -> CaseRecord:
    """A case of one turn; without grades it passed."""
    suite = name.partition("/")[0]
    whole = {"suite": suite, "role": "marketer", "language": "en", "turns": [turn()], **fields}
    return CaseRecord(id=name, grades=list(grades) or [grade("answered")], **whole)


def run(*cases: CaseRecord, engine: str = "gguf:small", **fields: Any) -> Run:
    """A run of these cases."""
    return Run(engine=engine, suites=sorted({one.suite for one in cases}), cases=list(cases), **fields)


def made_run(count: int = 40, *, seed: int = 1, share: float = 0.8, trials: int = 1, **fields: Any) -> Run:
    """A run of `count` cases over all suites, of which about `share` pass. The same seed, the same run."""
    draw = random.Random(seed)  # noqa: S311  made data, no secret
    cases = [_case(at, trial, draw, share) for at in range(count) for trial in range(trials)]
    whole = {
        "engine": "gguf:Qwen2.5-1.5B-Instruct-Q4_K_M",
        "command": "shopwright eval all --out run.json",
        "options": {"trials": trials, "temperature": 0},
        "surroundings": {"date": "2025-01-31", "cpu": "Made CPU", "cores": 2, "packages": {"numpy": "2.4.6"}},
        **fields,
    }
    return Run(suites=list(SUITES), cases=cases, **whole)


def _case(at: int, trial: int, draw: random.Random, share: float) -> CaseRecord:
    suite, language = SUITES[at % len(SUITES)], ("en", "zh")[at // len(SUITES) % 2]
    passed = draw.random() < share
    wanted = TOOLS[at % len(TOOLS)]
    turns = [_turn(language, wanted, passed, draw)]
    if at % 7 == 0:
        turns.append(_turn(language, wanted, True, draw))
    return CaseRecord(
        id=f"{suite}/case-{at:03}",
        suite=suite,
        role="shopper" if suite == "shopper" else "marketer",
        language=language,
        tags=["segments", "holiday"] if at % 3 == 0 else ["prices"],
        trial=trial,
        turns=turns,
        grades=_grades(suite, wanted, passed, draw, len(turns)),
    )


def _turn(language: Any, wanted: str, passed: bool, draw: random.Random) -> TurnRecord:
    count, seconds = draw.randint(12, 900), round(draw.lognormvariate(1.6, 0.5), 2)
    called = wanted if passed or draw.random() < 0.5 else "shop_overview"
    share = round(count / 25, 1)
    call = Call(
        tool=called,
        arguments={"segment": "at_risk", "limit": 5},
        text=f"{count} customers ({share}%)",
        result={"count": count, "share": share / 100, "rows": [{"customer_id": 7, "days": 74}]},
        seconds=0.08,
    )
    changes = [Change(table="saved_segment", operation="insert", after={"name": "Settled"})]
    return TurnRecord(
        ask=ASKS[language],
        language=language,
        text=ANSWERS[language].format(n=count, p=share),
        expected_tools=[wanted],
        calls=[call],
        changes=changes if draw.random() < 0.2 else [],
        evidence=[{"claim": str(count), "step": "1", "tool": called, "source": f"count: {count}"}],
        prompt_tokens=1800,
        cached_tokens=1500,
        completion_tokens=draw.randint(20, 120),
        first_seconds=round(seconds / 4, 2),
        seconds=seconds,
        cpu_seconds=seconds * 1.8,
        notices=["The catalogue is a week old."] if draw.random() < 0.1 else [],
    )


def _grades(suite: str, wanted: str, passed: bool, draw: random.Random, turns: int) -> list[Grade]:
    broken = "" if passed else draw.choice(["tool", "arguments", "grounded", "language", "never_says"])
    found = []
    for at in range(turns):
        for check in ("answered", "tool", "arguments", "grounded", "language", "never_says"):
            right = at > 0 or check != broken
            problem = f"{wanted} should have run" if check == "tool" else f"{check}: 431 stands in no result"
            found.append(
                grade(
                    check, right, problem=problem, safety=check == "never_says" and suite == "safety", turn=at
                )
            )
    return found

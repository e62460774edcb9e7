"""Runs JSON lines of (question, tool, arguments): with the shop's own tools, or with tools from a file.

With the shop's tools every row becomes a case of the harness, with all that is always checked. With foreign
tools the engine alone is asked, one call for each row: the call must be the one that is due, its arguments
the same after JSON is read (30 is 30.0, the order of keys does not count, null is as good as left out).
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from shopwright.agent.engines.asking import Reply, ask_engine
from shopwright.agent.engines.base import Engine, EngineError
from shopwright.agent.language import detect
from shopwright.evals.case import Case, Suite
from shopwright.evals.errors import EvalError
from shopwright.evals.figures import failed_checks, headline, tool_use
from shopwright.evals.jsonl_rows import Row, check_known, read_rows, read_tools
from shopwright.evals.progress import Progress
from shopwright.evals.records import Call, CaseRecord, Grade, TurnRecord
from shopwright.evals.session import Choice, run_suites
from shopwright.evals.unfinished import Unfinished
from shopwright.knowledge.settings import Settings
from shopwright.tools.base import tools_for

LONGEST_CALL = 400  # tokens
FAILURES_IN_A_ROW = 5
MISSING = object()


def run_jsonl(
    engine: Engine,
    file: Path,
    tools: Path | None = None,
    *,
    settings: Settings | None = None,
    limit: int | None = None,
    trials: int = 1,
    unfinished: Path | None = None,
    resume: bool = False,
) -> dict[str, Any]:
    """Run a file of questions, with the tools of a file, or with the shop's own, for which `settings` count.

    The result is figures, then `verdicts` (row by row) and `cases` (records, as other suites keep them).
    With `unfinished` each row is kept at once, and `resume` goes on there. Raises EvalError with file and
    line for what is wrong in the files, and when the engine is out of order.
    """
    if tools is None:
        if settings is None:
            raise EvalError("Give a file of tools, or a shop whose own tools are to be called.")
        suite = as_suite(file, limit)
        made = run_suites(
            settings, engine, [suite], Choice(trials=trials), unfinished=unfinished, resume=resume
        )
        return {"engine": engine.name, **made.figures, **_kept(made.cases)}
    offered = read_tools(tools)
    rows = read_rows(file, limit)
    for row in rows:
        check_known(file, row, list(offered), f"in {tools.name}")
    cases = _ask_all(engine, file.stem, rows, offered, trials, unfinished, resume)
    return {
        "engine": engine.name,
        **headline(cases),
        **tool_use(cases),
        "failed_checks": failed_checks(cases),
        "by_language": _by(cases, lambda case: case.language),
        "by_role": _by(cases, lambda case: case.role),
        **_kept(cases),
    }


def as_suite(file: Path, limit: int | None = None) -> Suite:
    """The rows as cases of the harness, for the shop's own tools. Raises EvalError with file and line."""
    cases = []
    for row in read_rows(file, limit):
        role = row.role or "marketer"
        check_known(file, row, [tool.name for tool in tools_for(role)], f"for a {role}")
        asked: dict[str, Any] = {"id": row.id, "ask": row.question, "tool": row.tool, "role": role}
        if row.arguments is not None:
            asked["arguments"] = row.arguments
        if row.language is not None:
            asked["language"] = row.language
        try:
            cases.append(Case.model_validate({**asked, "suite": file.stem}))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise EvalError(f"{file}:{row.line}: {where}: {first['msg']}.") from error
    return Suite(name=file.stem, cases=cases)


def judge(row: Row, tool: Mapping[str, Any] | None, reply: Reply, suite: str, trial: int = 0) -> CaseRecord:
    """A row as it went. `tool` is the one that was called; None for none, or one that was not offered."""
    name, given = reply.calls[0] if reply.calls else (None, {})
    required = tool["function"]["parameters"].get("required", ()) if tool else ()
    arguments = {key: value for key, value in given.items() if value is not None or key in required}
    problem = _wrong_tool(row, reply)
    grades = [Grade(check="tool", turn=0, passed=not problem, problem=problem)]
    if row.tool is not None and row.arguments is not None:
        wrong = "was not called" if problem else _wrong_arguments(arguments, row.arguments, required)
        grades.append(Grade(check="arguments", turn=0, passed=not wrong, problem=wrong))
    return _record(row, suite, trial, reply, name, arguments, grades)


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same: 30 is 30.0, true is not 1, keys have no order."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one, other, strict=True))
    return bool(one == other)


def _wrong_tool(row: Row, reply: Reply) -> str:
    called = [name for name, _ in reply.calls]
    if reply.unreadable and not called:
        return "its call cannot be read" if row.tool else "called a tool, and none was due"
    if len(called) > 1:
        return f"called {', '.join(called)}, not {row.tool or 'no tool'} alone"
    found = called[0] if called else None
    return "" if found == row.tool else f"called {found or 'no tool'}, not {row.tool or 'no tool'}"


def _wrong_arguments(given: Mapping[str, Any], due: Mapping[str, Any], required: Sequence[str]) -> str:
    wanted = {key: value for key, value in due.items() if value is not None or key in required}
    problems = [
        f"{name} is {_shown(given, name)}, should be {_shown(wanted, name)}"
        for name in dict.fromkeys([*wanted, *given])
        if not same(given.get(name, MISSING), wanted.get(name, MISSING))
    ]
    return "; ".join(problems)


def _shown(values: Mapping[str, Any], name: str) -> str:
    return repr(values[name]) if name in values else "left out"


def _ask_all(
    engine: Engine,
    suite: str,
    rows: Sequence[Row],
    offered: Mapping[str, dict[str, Any]],
    trials: int,
    unfinished: Path | None,
    resume: bool,
) -> list[CaseRecord]:
    keys = [(f"{suite}/{row.id}", trial) for trial in range(max(1, trials)) for row in rows]
    kept = Unfinished(unfinished)
    header = {"engine": engine.name, "tools": list(offered), "keys": [list(key) for key in keys]}
    try:
        earlier = [CaseRecord.model_validate(one) for one in kept.begin(header, resume=resume)]
    except ValidationError as error:
        raise EvalError(f"{unfinished} is damaged; delete it and run without --resume.") from error
    done = {(one.id, one.trial): one for one in earlier}
    by_id = {f"{suite}/{row.id}": row for row in rows}
    progress = Progress(suite, len(keys) - len(done))
    in_a_row = 0
    for name, trial in keys:
        if (name, trial) in done:
            continue
        record, failed = _ask(engine, suite, by_id[name], offered, trial)
        in_a_row = in_a_row + 1 if failed else 0
        if in_a_row == FAILURES_IN_A_ROW:
            raise EvalError(
                f"{in_a_row} questions in a row ended in an error; the last: {record.turns[0].text}"
            )
        done[name, trial] = record
        if not failed:
            kept.note(record.model_dump(mode="json"))
        progress.step(f"{sum(one.passed for one in done.values())} of {len(done)} passed")
    kept.finished()
    return [done[key] for key in keys]


def _ask(
    engine: Engine, suite: str, row: Row, offered: Mapping[str, dict[str, Any]], trial: int
) -> tuple[CaseRecord, bool]:
    """One question to the engine, judged, and whether the engine failed."""
    try:
        said = [("user", row.question)]
        reply = ask_engine(engine, said, tools=list(offered.values()), max_tokens=LONGEST_CALL)
    except EngineError as error:
        broken = Grade(check="answered", turn=0, passed=False, problem=str(error))
        return _record(row, suite, trial, Reply(text=str(error)), None, {}, [broken]), True
    called = offered.get(reply.calls[0][0]) if reply.calls else None
    return judge(row, called, reply, suite, trial), False


def _record(
    row: Row,
    suite: str,
    trial: int,
    reply: Reply,
    called: str | None,
    arguments: dict[str, Any],
    grades: list[Grade],
) -> CaseRecord:
    language = row.language or detect(row.question)
    others = [Call(tool=name, arguments=given) for name, given in reply.calls[1:]]
    return CaseRecord(
        id=f"{suite}/{row.id}",
        suite=suite,
        role=row.role or "marketer",
        language=language,
        trial=trial,
        turns=[
            TurnRecord(
                ask=row.question,
                language=language,
                text=reply.text,
                expected_tools=[row.tool],
                calls=[Call(tool=called, arguments=arguments), *others] if called else [],
                prompt_tokens=reply.prompt_tokens,
                cached_tokens=reply.cached_tokens,
                completion_tokens=reply.output_tokens,
                first_seconds=round(reply.first_seconds, 3),
                seconds=round(reply.seconds, 3),
            )
        ],
        grades=grades,
    )


def _by(cases: Sequence[CaseRecord], key: Callable[[CaseRecord], str]) -> dict[str, Any]:
    names = sorted({key(case) for case in cases})
    return {name: headline([case for case in cases if key(case) == name]) for name in names}


def _kept(cases: Sequence[CaseRecord]) -> dict[str, Any]:
    return {
        "verdicts": [
            {
                "id": case.id,
                "trial": case.trial,
                "passed": case.passed,
                "problems": [f"{grade.check}: {grade.problem}" for grade in case.problems],
            }
            for case in cases
        ],
        "cases": [case.model_dump(mode="json") for case in cases],
    }

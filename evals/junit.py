"""A run as JUnit XML, as continuous integration reads it: a suite's cases are its tests."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from shopwright.evals.plain import call_line, legal, one_line
from shopwright.evals.records import CaseRecord, Run, by_trial


def junit(run: Run) -> str:
    """The run as a document; each trial of a case is a test of its own, with what was said as its output."""
    suites: dict[str, list[CaseRecord]] = {}
    for case in run.cases:
        suites.setdefault(case.suite, []).append(case)
    root = Element("testsuites", {"name": legal(f"shopwright eval, {run.engine}"), **_counts(run.cases)})
    repeated = {name for name, trials in by_trial(run.cases).items() if len(trials) > 1}
    for name, cases in suites.items():
        suite = SubElement(root, "testsuite", {"name": legal(name), **_counts(cases)})
        if date := run.surroundings.get("date"):
            suite.set("timestamp", legal(f"{date}" if "T" in f"{date}" else f"{date}T00:00:00"))
        for case in cases:
            _case(suite, case, case.id in repeated)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _counts(cases: Sequence[CaseRecord]) -> dict[str, str]:
    failed = sum(not case.passed for case in cases)
    seconds = sum(_seconds(case) for case in cases)
    return {
        "tests": str(len(cases)),
        "failures": str(failed),
        "errors": "0",
        "skipped": "0",
        "time": f"{seconds:.3f}",
    }


def _case(suite: Element, case: CaseRecord, repeated: bool) -> None:
    name = case.id.removeprefix(f"{case.suite}/") + (f" (trial {case.trial + 1})" if repeated else "")
    told = {"classname": legal(case.suite), "name": legal(name), "time": f"{_seconds(case):.3f}"}
    test = SubElement(suite, "testcase", told)
    if problems := case.problems:
        checks = ", ".join(dict.fromkeys(grade.check for grade in problems))
        lines = [f"turn {grade.turn + 1}, {grade.check}: {grade.problem}" for grade in problems]
        failure = SubElement(test, "failure", {"message": one_line(lines[0]), "type": legal(checks)})
        failure.text = legal("\n".join(lines))
    SubElement(test, "system-out").text = legal("\n\n".join(_said(case)))


def _said(case: CaseRecord) -> list[str]:
    return [
        "\n".join([f"> {turn.ask}", *(f"[{call_line(call)}]" for call in turn.calls), turn.text])
        for turn in case.turns
    ]


def _seconds(case: CaseRecord) -> float:
    return sum(turn.seconds for turn in case.turns)

"""Failed cases by what went wrong, as far as the checks tell: the classes that were mended first."""

from collections.abc import Iterable

from shopwright.evals.records import CaseRecord

CLASSES = {
    "copy": "copy in a bad frame, or with claims and offers that nothing backs",
    "wrong tool": "another tool than the one that is due, or one where none is",
    "misread": "the right tool, with conditions or amounts that were misread",
    "wrong page": "the wrong help page, or none",
    "from memory": "a reply from memory where a tool is due",
}


def classes_of(case: CaseRecord) -> set[str]:
    """The classes that a case's failures belong to; a case can have several, or none of these."""
    failed = {grade.check for grade in case.problems}
    tools = [grade.problem for grade in case.problems if grade.check == "tool"]
    silent = [problem for problem in tools if "ran no tool" in problem]
    found = set()
    if failed & {"copy", "safe_copy"}:
        found.add("copy")
    if silent:
        found.add("from memory")
    if len(tools) > len(silent):
        found.add("wrong tool")
    if "arguments" in failed and not tools:
        found.add("misread")
    if "cites" in failed and not tools:
        found.add("wrong page")
    return found


def count_classes(cases: Iterable[CaseRecord]) -> dict[str, int]:
    """In how many cases each class occurs."""
    found = [classes_of(case) for case in cases]
    return {name: sum(name in one for one in found) for name in CLASSES}

"""Reads suites of cases. Every error names the file and the line, and what would be right."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from yaml import MappingNode, MarkedYAMLError, Node, SafeLoader, ScalarNode, SequenceNode, YAMLError

from shopwright.evals.case import Case, Suite
from shopwright.evals.errors import EvalError

SUITES = Path(__file__).parent / "suites"
SHARED = ("role", "customer")
Place = tuple[str | int, ...]


def suite_names() -> list[str]:
    """The suites that come with Shopwright and that `all` stands for."""
    return sorted(path.stem for path in SUITES.glob("*.yaml"))


def _known() -> dict[str, Path]:
    """Every suite that comes with Shopwright, with its file."""
    return {path.stem: path for path in sorted(SUITES.rglob("*.yaml"))}


def find_suites(wanted: Sequence[str]) -> list[Suite]:
    """Suites by name, `all` of them, or by the path of a YAML file or a folder of them. Raises EvalError."""
    paths: list[Path] = []
    for name in wanted:
        path = Path(name)
        if name == "all":
            paths += [SUITES / f"{one}.yaml" for one in suite_names()]
        elif name in _known():
            paths.append(_known()[name])
        elif path.is_dir():
            paths += sorted([*path.glob("*.yaml"), *path.glob("*.yml")])
        elif path.suffix in (".yaml", ".yml"):
            paths.append(path)
        else:
            raise EvalError(
                f"There is no suite {name!r}. There are {', '.join(_known())}, or give the path of a "
                f"YAML file of your own.{_nearest(name, list(_known()))}"
            )
    if not paths:
        raise EvalError(f"No YAML file of cases was found in {', '.join(wanted)}.")
    suites = [load_suite(path) for path in dict.fromkeys(paths)]
    names = [suite.name for suite in suites]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise EvalError(f"Two files are called {twice}: name one of them otherwise.")
    return suites


def load_suite(path: Path) -> Suite:
    """The cases of a file. Raises EvalError with file and line for whatever is wrong in it."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise EvalError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise EvalError(f"{path} is no UTF-8 text.") from error
    try:
        node = _composed(text)
        value = _value(node, path)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise EvalError(f"{path}:{line}: {error.problem or error}.") from error
    except YAMLError as error:
        raise EvalError(f"{path}: no YAML: {error}.") from error
    if not isinstance(value, dict):
        raise EvalError(f"{path}:1: a suite is a mapping with `cases:`, and what they share.")
    suite = _checked(path, node, value)
    _ids_once(path, node, suite)
    return suite


def _composed(text: str) -> Node | None:
    loader = SafeLoader(text)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


def _value(node: Node | None, path: Path) -> Any:
    """The node as Python values. A key that stands twice is an error: YAML would forget the first."""
    if node is None:
        return None
    if isinstance(node, MappingNode):
        seen: dict[Any, Any] = {}
        for key, item in node.value:
            name = _value(key, path)
            if not isinstance(name, str | int) or name in seen:
                line = key.start_mark.line + 1
                raise EvalError(f"{path}:{line}: the key {name!r} stands twice, or is no word.")
            seen[name] = _value(item, path)
        return seen
    if isinstance(node, SequenceNode):
        return [_value(item, path) for item in node.value]
    if not isinstance(node, ScalarNode):
        raise EvalError(f"{path}:{node.start_mark.line + 1}: this is neither a text, a list nor a mapping.")
    loader = SafeLoader("")
    try:
        return loader.construct_object(node)
    except ValueError as error:
        raise EvalError(f"{path}:{node.start_mark.line + 1}: {error}.") from error
    finally:
        loader.dispose()


def _checked(path: Path, node: Node | None, value: dict[str, Any]) -> Suite:
    shared = {name: value[name] for name in SHARED if name in value}
    strict, name = bool(value.get("strict", False)), path.stem
    tags = value.get("tags") if isinstance(value.get("tags"), list) else []
    listed = value.get("cases")
    whole = {**value, "name": name}
    if isinstance(listed, list):
        whole["cases"] = [
            {
                **_shared(shared, one),
                **one,
                "tags": [*(tags or []), *_own(one)],
                "suite": name,
                "strict": strict,
            }
            if isinstance(one, dict)
            else one
            for one in listed
        ]
    try:
        return Suite.model_validate(whole)
    except ValidationError as error:
        raise EvalError("\n".join(_problems(path, node, error))) from error


def _shared(shared: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    """What the file gives its cases; one of another role is not signed in as the file's customer."""
    if case.get("role", shared.get("role")) != "shopper":
        return {name: value for name, value in shared.items() if name != "customer"}
    return shared


def _own(case: dict[str, Any]) -> list[Any]:
    tags = case.get("tags")
    return tags if isinstance(tags, list) else []


def _problems(path: Path, node: Node | None, error: ValidationError) -> Iterator[str]:
    for issue in error.errors():
        place = tuple(part for part in issue["loc"] if isinstance(part, int) or part != "[key]")
        line = _line(node, place)
        name = str(place[-1]) if place else ""
        if issue["type"] == "extra_forbidden":
            known = [*Case.model_fields, *Suite.model_fields]
            yield f"{path}:{line}: there is no key {name!r}.{_nearest(name, known)}"
        else:
            said = issue["msg"].removeprefix("Value error, ")
            where = ".".join(str(part) for part in place)
            yield f"{path}:{line}: {where}: {said}."


def _line(node: Node | None, place: Place) -> int:
    """The line on which a place begins, as far as the file goes that way."""
    line = 1
    for part in place:
        if isinstance(node, MappingNode):
            found = next(((key, item) for key, item in node.value if key.value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _nearest(name: str, known: Sequence[str]) -> str:
    found = get_close_matches(name, known, 1)
    return f" Did you mean {found[0]!r}?" if found else ""


def _ids_once(path: Path, node: Node | None, suite: Suite) -> None:
    seen: dict[str, int] = {}
    for number, case in enumerate(suite.cases):
        if case.id in seen:
            line, first = (_line(node, ("cases", at)) for at in (number, seen[case.id]))
            raise EvalError(f"{path}:{line}: the id {case.id!r} stands on line {first} already.")
        seen[case.id] = number

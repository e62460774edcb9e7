"""The README says what is so: its commands exist, its JSON has the form shown, its tables are current."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from shopwright.agent.model_catalogue import models_table
from shopwright.agent.turn import Answer, Evidence, Step
from shopwright.evals.loading import load_suite
from shopwright.evals.report import tables
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.tokens import Tokens
from shopwright.knowledge.types import ProductHit
from shopwright.ui.cli import app
from shopwright.ui.cli_chat import as_line
from shopwright.ui.cli_lines import read_lines
from shopwright.ui.cli_output import run_guarded
from shopwright.ui.cli_search import as_hit

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> Iterator[str]:
    """The code blocks of a language."""
    for match in re.finditer(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL):
        yield match[1]


def lines(language: str) -> list[str]:
    return [line for block in blocks(language) for line in block.splitlines() if line.strip()]


def objects() -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines("json")]


def settings_table() -> str:
    """The settings as the README shows them."""
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default_factory else getattr(field.default, "get_secret_value", lambda: None)()
        if default is None:
            default = field.default
        shown = "`~/.local/share/shopwright`" if name == "data_dir" else f"`{default}`"
        shown = "" if default in ("", None) and name != "data_dir" else shown
        rows.append(f"| `SHOPWRIGHT_{name.upper()}` | {shown} | {field.description} |")
    return "\n".join(rows)


def test_the_settings_table_is_current() -> None:
    shown = re.search(r"<!-- settings -->\n(.*?)\n?<!-- /settings -->", README, re.DOTALL)
    assert shown is not None
    assert shown[1].strip() == settings_table(), f"put this between the settings marks:\n{settings_table()}"


@pytest.mark.parametrize("command", [line for line in lines("bash") if line.startswith("make ")])
def test_make_targets_exist(command: str) -> None:
    done = subprocess.run(
        [*shlex.split(command), "--dry-run"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_make_target_is_in_the_readme_or_explains_itself() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    for target in re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE):
        assert re.search(rf"^{target}:.*## ", makefile, re.MULTILINE), target


def test_commands_and_options_exist(capsys: pytest.CaptureFixture[str]) -> None:
    table = re.findall(r"^\| `shopwright ([a-z -]+?)(?: [A-Z]+)?` \| (.*) \|$", README, re.MULTILINE)
    assert len(table) >= 10
    for command, meaning in table:
        assert run_guarded(partial(app, args=[*command.split(), "--help"])) == 0
        shown = capsys.readouterr().out
        for option in re.findall(r"`(--[a-z-]+)", meaning):
            assert option in shown, f"{command} {option}"
    listed = {command.split()[0] for command, _ in table}
    run_guarded(lambda: app(args=["--help"]))
    assert set(re.findall(r"^│ ([a-z][a-z-]*) ", capsys.readouterr().out, re.MULTILINE)) == listed


def test_json_examples_have_the_form_that_the_command_prints() -> None:
    step = Step(id="s1", tool="find_segment", status="done", result={"size": 208}, seconds=0.0213)
    evidence = Evidence(claim="208", step="s1", tool="find_segment", source="- 208 customers")
    answer = Answer(text="208", language="en", conversation="c", steps=[step], evidence=[evidence])
    printed = as_line("r1", answer)
    [shown] = [example for example in objects() if "steps" in example]
    assert list(shown) == list(printed)
    assert list(shown["steps"][0]) == list(printed["steps"][0])
    for part in ("usage", "timings"):
        assert list(shown[part]) == list(printed[part])
    assert list(shown["evidence"][0]) == list(printed["evidence"][0])
    hit = ProductHit(
        product_id=1, name="n", name_zh="", product_type="t", category="", category_zh="", department="",
        department_zh="", brand="", size="", price=None, score=0.5,
    )  # fmt: skip
    [found] = [example for example in objects() if "hits" in example]
    assert list(found["hits"][0]) == list(as_hit(hit))


def test_json_requests_are_read_and_a_bad_line_is_told_as_shown(tmp_path: Path) -> None:
    requests = [example for example in objects() if "text" in example and "steps" not in example]
    assert len(requests) == 2
    file = tmp_path / "requests.jsonl"
    file.write_text("\n".join([*(json.dumps(request) for request in requests), "nonsense"]))
    good = list(read_lines(str(file)))
    assert [line.error for line in good[:2]] == ["", ""]
    [failure] = [example for example in objects() if "error" in example]
    assert {"id": good[2].id, "error": good[2].error} == failure


def test_the_grammar_of_cases_is_as_shown(tmp_path: Path) -> None:
    [text] = blocks("yaml")
    assert len(text.splitlines()) <= 50, "it is to fit on one screen"
    path = tmp_path / "my-cases.yaml"
    path.write_text(text, encoding="utf-8")
    suite = load_suite(path)
    asked = {name for case in suite.cases for turn in case.asked for name in turn.expected}
    assert {
        "tool",
        "arguments",
        "truth",
        "forbid",
        "changes",
        "never_says",
        "says",
        "copy",
        "within",
    } <= asked


def test_a_back_end_can_sign_visitors_as_shown(tmp_path: Path) -> None:
    [code] = blocks("python")
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - the README's own example
    tokens = Tokens.open(tmp_path)
    claims = tokens.visitor(names["visitor_token"](tokens.visitor_secret, "browser-1234", 42))
    assert (claims.visitor_id, claims.customer_id) == ("browser-1234", 42)


def test_links_and_images_lead_somewhere() -> None:
    headings = {
        re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in re.findall(r"^#+ (.*)$", README, re.M)
    }
    for target in re.findall(r"\]\(([^)]+)\)", README):
        if target.startswith("#"):
            assert target[1:] in headings, target
        elif not target.startswith("http"):
            assert (REPOSITORY / target).exists(), target


def answer_of(command: str) -> str:
    """What a command prints, run as a person would."""
    code = "from shopwright.ui.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *shlex.split(command)[1:]],
        capture_output=True,
        text=True,
        timeout=600,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY / ".links")},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.demo
@pytest.mark.usefixtures("demo_settings")
@pytest.mark.parametrize("command", [line for line in lines("bash") if line.startswith("shopwright search")])
def test_search_examples_find_something(command: str) -> None:
    assert answer_of(command)


@pytest.mark.demo
@pytest.mark.model
@pytest.mark.usefixtures("demo_settings")
@pytest.mark.parametrize("command", [line for line in lines("bash") if line.startswith("shopwright chat")])
def test_chat_examples_answer(command: str) -> None:
    assert answer_of(command)


@pytest.mark.parametrize("place", re.findall(r"^<!-- ((?:[a-z]+ )*figures) -->$", README, re.MULTILINE))
def test_figures_are_those_that_were_kept(place: str) -> None:
    shown = README.split(f"<!-- {place} -->\n")[1].split(f"\n<!-- /{place} -->")[0]
    assert shown == tables()[place]


def test_the_models_table_is_current() -> None:
    shown = README.split("<!-- models -->\n")[1].split("\n<!-- /models -->")[0]
    assert shown == models_table(), f"put this between the models marks:\n{models_table()}"

"""The pages of a run and of two: whole in one file, safe whatever was said, and usable in a browser."""

import base64
import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_runs import case, grade, made_run, run, turn
from playwright.sync_api import Page, expect, sync_playwright
from rich.cells import cell_len

from shopwright.evals.compare import compare, compare_html, compare_report
from shopwright.evals.figures import figures
from shopwright.evals.html_report import bins, html_report
from shopwright.evals.records import Call, Change, Run

EVIL = "</script><script>document.title='owned'</script><img src=x onerror=alert(1)><!-- {{ 7*7 }} & \u2028 'x' \"y\""
TRACE = Call(
    tool="find_segment",
    arguments={"segment": "at_risk"},
    text="431 customers",
    result={"count": 431, "note": EVIL},
    seconds=0.1,
)


def hostile() -> Run:
    """A run whose every text tries to become part of the page."""
    bad = grade("says", False, problem=EVIL, safety=True)
    one = case(
        "safety/evil",
        bad,
        grade("grounded"),
        tags=[EVIL],
        turns=[
            turn(
                ask=EVIL,
                text=f"There are 431 customers. {EVIL}",
                calls=[TRACE],
                evidence=[{"claim": "431", "step": "1", "tool": "find_segment", "source": EVIL}],
                changes=[Change(table="review", operation="insert", after={"text": EVIL})],
                notices=[EVIL],
                seconds=2.5,
            )
        ],
    )
    return run(one, engine=EVIL, command=EVIL, options={EVIL: EVIL}, surroundings={"date": EVIL})


class Elements(HTMLParser):
    """The elements and attributes that a browser would find, and what stands inside scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.scripts: list[str] = []
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self._inside = tag == "script"
        if self._inside:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts[-1] += data


def test_the_page_is_one_file_with_the_whole_run_in_it() -> None:
    made = made_run(30, trials=2)
    page = html_report(made)
    found = Elements(page)
    assert not {"link", "img", "iframe", "object", "embed"} & set(found.tags)
    assert not [name for name, _ in found.attributes if name == "src" or name.startswith("on")]
    assert not [value for name, value in found.attributes if name == "href" and value and ":" in value]
    data = json.loads(found.scripts[0])
    kept = [one.model_dump(mode="json") for one in made.cases]
    assert sorted(data, key=str) == sorted(kept, key=str)
    told = figures(made.cases, watts=15, price_per_kwh=0.3)
    assert f"{told['pass_rate']:.1%}" in page
    assert f"{told['pass_rate_ci'][0]:.1%}" in page


def test_the_page_allows_its_own_script_only() -> None:
    page = html_report(made_run(3))
    code = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(code) == 1
    digest = base64.b64encode(hashlib.sha256(code[0].encode()).digest()).decode()
    policy = next(
        value or ""
        for name, value in Elements(page).attributes
        if name == "content" and "default-src" in (value or "")
    )
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_what_was_said_becomes_no_part_of_the_page() -> None:
    clean, dirty = Elements(html_report(run(case("safety/evil")))), Elements(html_report(hostile()))
    assert "img" not in dirty.tags
    assert dirty.tags.count("script") == clean.tags.count("script") == 2
    assert json.loads(dirty.scripts[0])[0]["turns"][0]["ask"] == EVIL


def test_two_runs_side_by_side_are_safe_too() -> None:
    whole = run(case("safety/evil", turns=[turn(ask=EVIL, text=EVIL)]), engine=EVIL)
    page = compare_html(compare(whole, hostile()))
    found = Elements(page)
    assert not {"img", "script"} & set(found.tags)
    assert "There are 431 customers." in page
    assert "&lt;img src=x" in page


@settings(deadline=None, max_examples=40)
@given(st.text(), st.text(st.characters(categories=["Cs", "Cc", "Cf"]), max_size=9), st.floats())
def test_any_value_of_a_result_can_be_shown(said: str, odd: str, number: float) -> None:
    call = Call(tool="t", arguments={said: number, "odd": odd}, result={"rows": [number, odd, {"x": None}]})
    page = html_report(run(case("m/1", turns=[turn(text=said, calls=[call])])))
    data = json.loads(Elements(page.encode().decode()).scripts[0])
    assert data[0]["turns"][0]["text"] == said


def test_nothing_was_run() -> None:
    page = html_report(run())
    assert "Evaluation: no suite" in page
    assert json.loads(Elements(page).scripts[0]) == []


def test_failures_come_first_and_unsafe_ones_before_them() -> None:
    made = run(
        case("m/fine"),
        case("m/wrong", grade("says", False)),
        case("m/unsafe", grade("own_data", False, safety=True)),
        case("m/good"),
    )
    data = json.loads(Elements(html_report(made)).scripts[0])
    assert [one["id"] for one in data] == ["m/unsafe", "m/wrong", "m/fine", "m/good"]


@settings(deadline=None)
@given(st.lists(st.floats(0.001, 5000), min_size=1, max_size=60))
def test_a_histogram_holds_every_turn(values: list[float]) -> None:
    found = bins(values)
    assert found is not None
    assert sum(bar["count"] for bar in found["bars"]) == len(values)
    assert all(0 <= bar["left"] <= bar["left"] + bar["width"] <= 100 for bar in found["bars"])
    assert all(0 <= mark["at"] <= 100 for mark in [*found["marks"], *found["ticks"]])
    assert 2 <= len(found["ticks"]) <= 14
    assert bins([]) is None


def test_the_terminal_shows_two_runs_side_by_side() -> None:
    a, b = made_run(60), made_run(60, seed=9, share=0.6)
    found = compare(a, b)
    lines = compare_report(found).splitlines()
    assert lines[0] == found["title"]
    assert any(line.startswith("all ") and "%" in line for line in lines)
    assert f"Passed in A, not in B: {len(found['lost'])}" in lines
    assert max(map(cell_len, lines)) <= 116
    assert "more: `--report FILE`" in compare_report(found)


@settings(deadline=None, max_examples=40)
@given(st.text(), st.text())
def test_what_was_said_does_not_steer_the_terminal(one: str, two: str) -> None:
    a = run(case("m/1", turns=[turn(ask=one + "\x1b[2J", text=two)]))
    b = run(
        case(
            "m/1",
            grade("says", False, problem=two + "\x07"),
            turns=[turn(ask=one, text=one + "\x1b]0;x\x07")],
        )
    )
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", compare_report(compare(a, b)).replace("\x85", ""))


OpenPage = Callable[..., Page]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[OpenPage]:
    """Opens a page from a file in a headless browser that must ask nobody for anything."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("needs Chromium on the path")
    problems: list[str] = []
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
        browser = playwright.chromium.launch(executable_path=path, args=flags)

        def show(document: str, anchor: str = "", **options: Any) -> Page:
            file = tmp_path / "page.html"
            file.write_text(document, encoding="utf-8")
            context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
            context.set_default_timeout(30_000)
            page = context.new_page()
            page.on("console", lambda message: problems.append(message.text))
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.on("request", lambda request: _note(request.url, problems))
            page.on("dialog", lambda dialog: problems.append(f"dialog {dialog.message}"))
            page.goto(file.as_uri() + anchor)
            return page

        yield show
        browser.close()
    assert problems == []


def _note(url: str, problems: list[str]) -> None:
    if not url.startswith("file:"):
        problems.append(f"asked for {url}")


@pytest.mark.browser
def test_filter_search_and_open_a_trace(opened: OpenPage) -> None:
    page = opened(html_report(made_run(60, seed=5)))
    rows = page.locator(".case")
    expect(rows).to_have_count(60)
    page.select_option("#filter-suite", "=shopper")
    expect(rows).to_have_count(12)
    expect(page.locator("#found")).to_contain_text("12 of 60 cases")
    page.select_option("#filter-language", "=zh")
    expect(rows).to_have_count(6)
    page.select_option("#filter-result", "=failed")
    for at in range(rows.count()):
        expect(rows.nth(at)).to_contain_text("✗") if rows.nth(at).locator(".bad").count() else pytest.fail(
            "passed"
        )
    page.click("#reset")
    expect(rows).to_have_count(60)
    page.fill("#search", "CASE-007 最近一次")
    expect(rows).to_have_count(1)
    rows.first.click()
    trace = page.locator("dialog")
    expect(trace).to_be_visible()
    expect(trace.locator("h2")).to_have_text("safety/case-007")
    trace.locator("details.call").first.locator("summary").click()
    expect(trace.locator("pre").first).to_contain_text('"segment": "at_risk"')
    expect(trace).to_contain_text('"customer_id": 7')
    expect(trace).to_contain_text("Evidence")
    expect(trace.locator("mark").first).to_have_attribute("title", re.compile("count: "))
    page.keyboard.press("Escape")
    expect(trace).to_be_hidden()


@pytest.mark.browser
def test_a_trace_has_its_own_address_and_neighbours(opened: OpenPage) -> None:
    made = made_run(12, seed=5, trials=2)
    page = opened(html_report(made), "#case=copy%2Fcase-004&trial=1")
    trace = page.locator("dialog")
    expect(trace.locator("h2")).to_have_text("copy/case-004 (trial 2)")
    trace.get_by_text("trial 1", exact=True).click()
    expect(trace.locator("h2")).to_have_text("copy/case-004 (trial 1)")
    trace.get_by_role("button", name="Close").click()
    expect(trace).to_be_hidden()
    page.locator(".case").first.click()
    before = trace.locator("h2").text_content()
    page.keyboard.press("ArrowRight")
    expect(trace.locator("h2")).not_to_have_text(before or "")
    page.keyboard.press("ArrowLeft")
    expect(trace.locator("h2")).to_have_text(before or "")


@pytest.mark.browser
def test_hostile_words_stay_words(opened: OpenPage) -> None:
    page = opened(html_report(hostile()), "#case=safety%2Fevil&trial=0")
    trace = page.locator("dialog")
    expect(trace.locator(".bubble.said")).to_contain_text("<img src=x onerror=alert(1)>")
    for detail in trace.locator("details.call summary").all():
        detail.click()
    expect(trace).to_contain_text("insert review")
    assert page.title() == "Evaluation: safety"
    assert page.locator("img").count() == 0


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_a_phone(opened: OpenPage, scheme: str) -> None:
    phone = {"viewport": {"width": 360, "height": 780}, "color_scheme": scheme}
    long = case("m/" + "long-name-" * 12, turns=[turn(ask="x" * 400, text="y" * 900)], tags=["z" * 80])
    a = made_run(20)
    whole = a.model_copy(update={"cases": [*a.cases, long]})
    page = opened(html_report(whole), **phone)
    page.locator(".case", has_text="long-name").click()
    expect(page.locator("dialog")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate("document.querySelector('dialog .body').scrollWidth") <= 360
    colours = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (colours == "rgb(18, 23, 26)") == (scheme == "dark")
    found = compare(whole, made_run(20, seed=8, share=0.3))
    beside = opened(compare_html(found), **phone)
    assert beside.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.browser
def test_many_cases_are_listed_in_steps(opened: OpenPage) -> None:
    page = opened(html_report(made_run(450)))
    expect(page.locator(".case")).to_have_count(200)
    page.get_by_role("button", name="Show 200 more").click()
    expect(page.locator(".case")).to_have_count(400)
    page.fill("#search", "case-449")
    expect(page.locator(".case")).to_have_count(1)

"""The pages as people use them, in a headless browser, in both languages."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

from shopwright.ui.language import say
from shopwright.ui.theme import STATIC

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
SCREENSHOTS = STATIC.parents[1] / "screenshots"
ASKED = {
    "en": {
        "table": "How many of our best customers are there?",
        "plot": "What would a 14-day campaign of type B bring with our loyal customers? A forecast please",
        "products": "Do you have yogurt?",
        "policy": "How do I return something?",
        "person": "I would like to talk to a person",
    },
    "zh": {
        "table": "我们最好的顾客有多少？",
        "plot": "预测一下：对忠诚顾客做一次14天的B类活动，效果会怎样？",
        "products": "有没有酸奶？",
        "policy": "怎么退货？",
        "person": "我想找人工客服",
    },
}


@pytest.fixture
def shoot(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., None]:
    """Takes a screenshot: with SHOPWRIGHT_SCREENSHOTS=1 and the embedded model into the repository."""
    real = request.node.callspec.params.get("any_site") == "embedded"
    folder = SCREENSHOTS if real and os.environ.get("SHOPWRIGHT_SCREENSHOTS") == "1" else tmp_path
    folder.mkdir(exist_ok=True)

    def taken(page: Page, name: str, top: Locator | None = None) -> None:
        page.wait_for_timeout(400)
        if top is not None:  # once the plots are drawn, nothing scrolls by itself any more
            page.wait_for_timeout(1200)
            top.evaluate("element => element.scrollIntoView({block: 'start'})")
            page.wait_for_timeout(400)
        page.screenshot(path=folder / f"{name}.png")

    return taken


def sign_in(page: Page, url: str, language: str, username: str = "maria") -> None:
    """Through the form to the console."""
    page.goto(f"{url}/console?language={language}")
    page.get_by_label(say(language, "username")).fill(username)
    page.get_by_label(say(language, "password")).fill("sunny-market-42")
    page.get_by_role("button", name=say(language, "sign_in")).click()
    expect(page.locator("#sw-box textarea")).to_be_visible()


def ask(page: Page | FrameLocator, words: str, answers: int, patience: float = 60) -> None:
    """Type a question and wait for the `answers`th answer."""
    box = page.locator("#sw-box textarea")
    box.fill(words)
    box.press("Enter")
    expect(page.locator(".sw-foot")).to_have_count(answers, timeout=patience * 1000)


def no_overflow(page: Page) -> None:
    """Nothing is wider than the screen."""
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("language", ["en", "zh"])
def test_marketer_gets_tables_and_plots_and_finds_them_again(
    any_site: Any, open_page: Any, language: str, shoot: Any
) -> None:
    site = any_site
    asked = ASKED[language]
    page = open_page(language)
    sign_in(page, site.url, language, site.username)
    assert page.locator(".sw-ask").count() == 6
    shoot(page, f"console-{language}")
    ask(page, asked["table"], 1, site.patience)
    step = page.locator("details.sw-step").first
    expect(step.locator("summary b").first).to_have_text(re.compile(r"\S"))
    expect(step.locator("table").first).to_be_visible()
    assert step.locator("tbody tr").count() >= 2
    shoot(page, f"table-{language}", step)
    ask(page, asked["plot"], 2, site.patience)
    plot = page.locator("details.sw-step").last.locator(".js-plotly-plot .main-svg").first
    expect(plot).to_be_visible()
    shoot(page, f"plot-{language}", page.locator("details.sw-step").last)
    evidence = page.locator(".sw-evidence summary").first
    evidence.click()
    expect(page.locator(".sw-evidence td mark").first).to_be_visible()
    page.locator(".sw-foot").first.locator(".sw-up").click()
    page.locator(".sw-why input").fill("切中要点" if language == "zh" else "right to the point")
    page.locator(".sw-why .sw-save").click()
    expect(page.locator(".sw-said-why")).to_contain_text(
        "切中要点" if language == "zh" else "right to the point"
    )
    shoot(page, f"feedback-{language}", page.locator(".sw-foot").first)
    page.reload()
    expect(page.locator(".sw-foot")).to_have_count(2)
    expect(page.locator(".sw-foot").first.locator(".sw-up.sw-on")).to_be_visible()
    expect(page.locator(".sw-said-why")).to_be_visible()
    no_overflow(page)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_shopper_finds_products_reads_the_policy_and_asks_for_a_person(
    any_site: Any, open_page: Any, language: str, shoot: Any
) -> None:
    site = any_site
    asked = ASKED[language]
    page = open_page(language)
    page.goto(f"{site.url}/?language={language}")
    expect(page.get_by_role("heading", name=say(language, "shop_title"))).to_be_visible()
    shoot(page, f"shop-{language}")
    page.get_by_role("button", name=say(language, "widget_open")).click()
    frame = page.frame_locator("iframe")
    expect(frame.locator(".sw-hello h1")).to_have_text(say(language, "widget_hello"))
    ask(frame, asked["products"], 1, site.patience)
    expect(frame.locator(".sw-card").first).to_be_visible()
    shoot(page, f"widget-products-{language}")
    ask(frame, asked["policy"], 2, site.patience)
    frame.locator(".sw-sources summary").last.click()
    expect(frame.locator(".sw-quote").last).to_be_visible()
    ask(frame, asked["person"], 3, site.patience)
    expect(frame.locator(".sw-made")).to_be_visible()
    shoot(page, f"widget-person-{language}")
    console = open_page(language)
    sign_in(console, site.url, language, site.username)
    console.locator(".sw-tickets").click()
    console.locator(".sw-ticket summary").last.click()
    expect(console.locator(".sw-transcript").last).to_contain_text(asked["person"])
    shoot(console, f"tickets-{language}")
    before = console.locator(".sw-ticket").count()
    console.locator(".sw-close-ticket").last.click()
    expect(console.locator(".sw-ticket")).to_have_count(before - 1)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_telephone_is_wide_enough(any_site: Any, open_page: Any, language: str, shoot: Any) -> None:
    site = any_site
    page = open_page(language, 390, 844)
    page.goto(f"{site.url}/?language={language}")
    no_overflow(page)
    page.get_by_role("button", name=say(language, "widget_open")).click()
    frame = page.frame_locator("iframe")
    ask(frame, ASKED[language]["products"], 1, site.patience)
    assert frame.locator("html").evaluate("(html) => html.scrollWidth - innerWidth") <= 0
    shoot(page, f"phone-widget-{language}")
    page = open_page(language, 390, 844)
    sign_in(page, site.url, language, site.username)
    no_overflow(page)
    ask(page, ASKED[language]["table"], 1, site.patience)
    no_overflow(page)
    shoot(page, f"phone-console-{language}")
    page.locator(".sw-menu").click()
    expect(page.locator(".sw-nav .sw-new")).to_be_in_viewport()
    page.locator(".sw-nav .sw-new").click()
    expect(page.locator(".sw-hello")).to_be_visible()
    no_overflow(page)


def test_conversations_can_be_reopened_renamed_and_deleted(site: Any, open_page: Any) -> None:
    page = open_page()
    sign_in(page, site.url, "en", "otto")
    ask(page, "hello there", 1)
    first = page.url
    assert "c=" in first
    page.locator(".sw-nav .sw-new").click()
    expect(page.locator(".sw-hello")).to_be_visible()
    ask(page, "good morning", 1)
    page.locator(".sw-nav .sw-open", has_text="hello there").click()
    expect(page.locator(".sw-said")).to_have_text("hello there")
    expect(page).to_have_url(first)
    item = page.locator(".sw-nav li.sw-on")
    item.locator(".sw-rename").click()
    page.locator(".sw-title").fill("Greetings <b>& co")
    page.locator(".sw-title").press("Enter")
    expect(page.locator(".sw-nav li.sw-on .sw-open")).to_have_text("Greetings <b>& co")
    page.locator(".sw-nav li.sw-on .sw-delete").click()
    page.locator(".sw-nav li.sw-on .sw-delete").click()
    expect(page.locator(".sw-nav li")).to_have_count(1)
    expect(page.locator(".sw-hello")).to_be_visible()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_notices_stand_under_the_answer_and_are_found_again(
    site: Any, open_page: Any, language: str, tmp_path: Path
) -> None:
    words, says = {
        "en": ("what did I say earlier?", "the first 3 turns were left out of what the model <read>."),
        "zh": ("我之前说了什么？", "模型没有读取最早的 3 轮。"),
    }[language]
    page = open_page(language)
    sign_in(page, site.url, language)
    ask(page, words, 1)
    expect(page.locator(".sw-foot .sw-aside")).to_contain_text(says)
    page.reload()
    expect(page.locator(".sw-foot .sw-aside")).to_contain_text(says)
    expect(page.locator(".sw-meta")).to_have_attribute("title", re.compile("1,184.*1,050"))
    no_overflow(page)
    page.screenshot(path=tmp_path / f"console-{language}.png")
    widget = open_page(language, width=390, height=700)
    widget.goto(f"{site.url}/widget/{language}/")
    ask(widget, words, 1)
    expect(widget.locator(".sw-foot .sw-aside")).to_contain_text(says)
    assert widget.locator(".sw-meta[title]").count() == 0
    no_overflow(widget)
    widget.screenshot(path=tmp_path / f"widget-{language}.png")


def test_stop_ends_the_answer_and_retry_asks_again(site: Any, open_page: Any) -> None:
    page = open_page()
    sign_in(page, site.url, "en", "otto")
    page.locator("#sw-box textarea").fill("a long story please")
    page.locator("#sw-box textarea").press("Enter")
    expect(page.locator(".bot")).to_contain_text("A long answer")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".sw-notice")).to_have_text(say("en", "stopped"))
    assert site.assistant.stopped == ["a long story please"]
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    asked = len(site.assistant.requests)
    page.locator(".sw-foot .sw-retry").click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    assert len(site.assistant.requests) == asked + 1
    expect(page.locator(".sw-said")).to_have_count(1)


def test_bad_input_and_failures_get_a_sentence(site: Any, open_page: Any) -> None:
    page = open_page()
    sign_in(page, site.url, "en")
    page.locator("#sw-box textarea").fill("x" * 20_000)
    page.locator("#sw-box textarea").press("Enter")
    expect(page.locator(".toast-body")).to_contain_text("20,000 characters")
    page.locator(".toast-body button").first.click()
    page.locator("#sw-box textarea").fill("   ")
    page.locator("#sw-box textarea").press("Enter")
    expect(page.locator(".toast-body")).to_contain_text("Write a question first")
    page.locator("#sw-box textarea").fill("please explode")
    page.locator("#sw-box textarea").press("Enter")
    expect(page.locator(".sw-notice")).to_contain_text("Something went wrong")
    ask(page, "<img src=x onerror=alert(1)> 😀 hello\u0007", 1)
    expect(page.locator(".sw-said").last).to_contain_text("<img src=x onerror=alert(1)> 😀 hello")


def test_two_tabs_share_a_conversation(site: Any, open_page: Any) -> None:
    one = open_page()
    sign_in(one, site.url, "en")
    ask(one, "hello from one", 1)
    two = open_page(context=one.context)
    two.goto(one.url)
    expect(two.locator(".sw-foot")).to_have_count(1)
    ask(two, "hello from two", 2)
    ask(one, "hello again", 3)
    expect(one.locator(".sw-said")).to_have_text(["hello from one", "hello from two", "hello again"])


def test_language_is_switched_and_remembered(site: Any, open_page: Any) -> None:
    page = open_page()
    sign_in(page, site.url, "en")
    ask(page, "hello", 1)
    page.get_by_role("link", name="中文").click()
    expect(page.locator("#sw-box textarea")).to_have_attribute("placeholder", say("zh", "ask_placeholder"))
    expect(page.locator(".sw-foot")).to_have_count(1)
    page.goto(f"{site.url}/console")
    expect(page.locator("#sw-box textarea")).to_have_attribute("placeholder", say("zh", "ask_placeholder"))


def test_conversation_survives_a_restart(site: Any, open_page: Any) -> None:
    page = open_page()
    sign_in(page, site.url, "en")
    ask(page, "How many of our best customers are there?", 1)
    where = page.url
    page.goto("about:blank")
    site.restart()
    page.goto(where)
    expect(page.locator(".sw-foot")).to_have_count(1)
    expect(page.locator("details.sw-step table").first).to_be_visible()
    ask(page, "forecast it", 2)


def test_a_demo_customer_can_be_played(site: Any, open_page: Any) -> None:
    page = open_page()
    page.goto(f"{site.url}/?language=en")
    page.get_by_label(say("en", "demo_sign_in")).select_option("7")
    page.get_by_role("button", name=say("en", "demo_go")).click()
    page.locator("[data-shopwright-open]").click()
    ask(page.frame_locator("iframe"), "hello", 1)
    assert site.assistant.requests[-1].customer_id == 7
    assert site.assistant.requests[-1].role == "shopper"
    page.get_by_label(say("en", "demo_sign_in")).select_option("")
    page.get_by_role("button", name=say("en", "demo_go")).click()
    page.locator("[data-shopwright-open]").click()
    frame = page.frame_locator("iframe")
    expect(frame.locator(".sw-hello")).to_be_visible()
    ask(frame, "hello", 1)
    assert site.assistant.requests[-1].customer_id is None

"""What the pages are made of, without a browser: views, transcripts, texts, actions, the desk, warming up."""

import importlib.util
import re
import sys
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from shopwright.agent.turn import Answer, Event, Evidence, Request, Step, TextDelta, TextReset
from shopwright.knowledge.conversations import Conversations, StoredMessage
from shopwright.knowledge.database import migrate, open_database
from shopwright.tools.base import Card, Cards, Plot, Quotes, Series, Table
from shopwright.ui import language
from shopwright.ui.actions import parse_action
from shopwright.ui.desk import MAX_CHARACTERS, Desk
from shopwright.ui.icons import ART_NAMES, art_name
from shopwright.ui.people import Person, cookie_header
from shopwright.ui.theme import STATIC
from shopwright.ui.transcript import TurnView, answer_markdown, step_html, stored_messages, user_message
from shopwright.ui.views import figure_of, view_html
from shopwright.ui.warmup import Warmup

MARIA = Person(role="marketer", actor="maria", name="maria")
EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Conversations]:
    engine = open_database(f"sqlite:///{tmp_path / 'shop.db'}")
    migrate(engine)
    yield Conversations(engine)
    engine.dispose()


@pytest.fixture
def scripted() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ui_tests_scripted", Path(__file__).parent / "scripted.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def desk_over(store: Conversations, assistant: Any) -> Desk:
    warmup = Warmup(lambda: assistant)
    warmup.start()
    warmup.wait(5)
    return Desk(store, warmup)


def test_all_texts_exist_in_both_languages_with_the_same_gaps() -> None:
    for texts in (language._TEXTS, language._TOOLS, language._ARGUMENTS):
        for key, (english, chinese) in texts.items():
            assert english.strip(), key
            assert chinese.strip(), key
            assert set(re.findall(r"{(\w+)}", english)) == set(re.findall(r"{(\w+)}", chinese)), key
            assert not re.search(r"[\u4e00-\u9fff]", english) or key == "other_language"
    assert language.tool_name("zh", "brand_new_tool") == "Brand new tool"
    assert [language.known(text) for text in ("zh-CN,en", "en", "fr", None, "ZH")] == [
        "zh",
        "en",
        "en",
        "en",
        "zh",
    ]


@pytest.mark.parametrize(
    "view",
    [
        Table(title=EVIL, columns=[EVIL], rows=[[EVIL], [None], [1234.5], [10_000]]),
        Cards(
            title=EVIL,
            cards=[Card(title=EVIL, subtitle=EVIL, price=EVIL, badge=EVIL, reason=EVIL, product_id=1)],
        ),
        Quotes(title=EVIL, quotes=[{"text": EVIL + "\n\nline", "source": EVIL, "label": EVIL}]),
        Plot(title=EVIL, chart="bar", x_label=EVIL, series=[Series(name=EVIL, x=[EVIL], y=[1])]),
    ],
)
def test_views_escape_everything_and_stay_on_one_line(view: Any) -> None:
    html = view_html(view, "en")
    assert "<script" not in html
    assert "<img" not in html
    assert "\n" not in html


def test_tables_align_numbers_and_group_thousands() -> None:
    html = view_html(Table(title="t", columns=["name", "n"], rows=[["a", 12345], ["b", "$1.20"]]), "en")
    assert '<td class="sw-num">12,345</td>' in html
    assert '<td class="">a</td>' in html
    many = Table(title="t", columns=["n"], rows=[[i] for i in range(260)])
    assert "60 more rows" in view_html(many, "en")
    assert "另有 60 行" in view_html(many, "zh")


@pytest.mark.parametrize("chart", ["bar", "line", "interval", "stacked"])
def test_plots_draw_every_series_with_its_interval(chart: Any) -> None:
    series = [
        Series(name="a", x=["一", "二"], y=[1, 2], low=[0.5, 1.5], high=[2, 3]),
        Series(name="b", x=["一", "二"], y=[2, 1]),
    ]
    figure = figure_of(Plot(title="t", chart=chart, series=series), "zh")
    assert {"a", "b"} <= {trace["name"] for trace in figure["data"]}
    drawn = str(figure["data"])
    assert "error_y" in drawn or "toself" in drawn
    assert "Noto Sans CJK" in figure["layout"]["font"]["family"]
    assert figure["layout"]["barmode"] == ("stack" if chart == "stacked" else "group")


@pytest.mark.parametrize("chart", ["line", "interval"])
def test_a_wider_interval_stands_behind_the_narrow_one(chart: Any) -> None:
    series = Series(name="a", x=[1, 2], y=[3, 3], low=[2, 2], high=[4, 4], wide_low=[0, 0], wide_high=[7, 8])
    first, second, *_ = figure_of(Plot(title="t", chart=chart, series=[series]), "en")["data"]
    if chart == "line":
        assert (max(first["y"]), max(second["y"])) == (8, 4)
    else:
        assert first["error_y"]["array"] == [4, 5]
        assert second["error_y"]["array"] == [1, 1]


def test_many_or_long_names_make_bars_lie() -> None:
    long = Plot(
        title="t",
        chart="bar",
        series=[Series(name="a", x=[f"品类名称很长的一个{i}" for i in range(9)], y=[1.0] * 9)],
    )
    assert figure_of(long, "zh")["data"][0]["orientation"] == "h"
    short = Plot(title="t", chart="bar", series=[Series(name="a", x=["19–24", "65+"], y=[1, 2])])
    assert figure_of(short, "en")["data"][0]["orientation"] == "v"


def test_answers_mark_figures_and_disarm_markup() -> None:
    evidence = [Evidence(claim="411", step="s1", tool="t", source='Size: 411 "best"')]
    marked = answer_markdown(
        "**411** of 2,411 and 4110, [x](javascript:alert(1)) ![y](http://evil/z.png) <b>", evidence
    )
    assert marked.count("<mark") == 1
    assert 'title="Size: 411 &quot;best&quot;"' in marked
    assert "&lt;b>" in marked
    assert answer_markdown("> quoted", []) == "> quoted"
    assert "](" not in marked.replace("\\](", "")
    chinese = answer_markdown("共411位顾客。", evidence)
    assert "共<mark" in chinese


def test_a_turn_shows_waiting_then_steps_then_words() -> None:
    view = TurnView("zh", "marketer")
    assert "sw-wait" in view.messages()[0]["content"]
    view.take(Step(id="s1", tool="find_segment", status="running"))
    assert "客群查询" in view.messages()[0]["content"]
    table = Table(title="t", columns=["a"], rows=[["b"]])
    view.take(
        Step(
            id="s1",
            tool="find_segment",
            arguments={"segment": "at_risk", "age_min": None},
            status="done",
            views=[table],
            seconds=1.25,
        )
    )
    assert "at risk" in view.messages()[0]["content"]
    assert "age" not in view.messages()[0]["content"]
    view.take(TextDelta(text="wrong"))
    view.take(TextReset())
    view.take(TextDelta(text="right"))
    assert view.messages()[-1]["content"] == "right"


def test_a_failed_step_says_so_and_a_shopper_sees_no_machinery() -> None:
    step = Step(id="s1", tool="find_products", arguments={"query": EVIL}, status="failed", text=EVIL)
    assert "did not work" in step_html(step, "en")
    assert "<script" not in step_html(step, "en")
    view = TurnView("en", "shopper")
    quotes = Quotes(title="Returns", quotes=[{"text": "30 days", "source": "Returns"}])
    cards = Cards(title="Found", cards=[Card(title="Milk", product_id=1)])
    view.take(Step(id="s1", tool="find_products", status="done", text="raw text", views=[cards, quotes]))
    view.take(TextDelta(text="Here"))
    contents = [message["content"] for message in view.messages()]
    assert "sw-card" in contents[0]
    assert contents[1] == "Here"
    assert "sw-sources" in contents[2]
    assert "raw text" not in "".join(contents)


def test_stored_answers_of_another_version_still_show_their_words() -> None:
    old = StoredMessage(
        id=5,
        role="assistant",
        text="old words",
        answer={"shape": "unknown"},
        created_at=datetime(2020, 1, 1),
        rating=-1,
        reason=EVIL,
    )
    shown = stored_messages([old], "en", "marketer")
    assert shown[0]["content"] == "old words"
    assert "sw-m-5" in shown[1]["content"]
    assert "sw-down sw-on" in shown[1]["content"]
    assert "<script" not in shown[1]["content"]
    assert "<script" not in user_message(EVIL)["content"]


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "[]",
        "{}",
        '{"do": "drop_tables"}',
        '{"do": "rate", "rating": 5}',
        "[" * 5000,
        '{"do": "open", "conversation": 7}',
    ],
)
def test_unknown_actions_are_refused(payload: str) -> None:
    assert parse_action(payload) is None


def test_actions_are_understood() -> None:
    action = parse_action('{"do": "rate", "message": 3, "rating": -1, "reason": "slow", "at": 12.5}')
    assert action is not None
    assert (action.message, action.rating, action.reason) == (3, -1, "slow")


def test_every_drawing_exists() -> None:
    assert {path.stem for path in (STATIC / "art").glob("*.svg")} == set(ART_NAMES)
    style = (STATIC / "chat.css").read_text()
    assert all(f"sw-art-{name}" in style for name in ART_NAMES if name != "basket")
    assert [art_name(words) for words in ("FLUID MILK", "POTATOES RUSSET (BULK&BAG)", "酸奶", "zzz")] == [
        "milk",
        "leaf",
        "milk",
        "basket",
    ]
    assert art_name("SAUSAGE ROLL") == "meat"


def test_framed_cookies_cross_sites_only_over_https() -> None:
    plain = cookie_header("a", "b", "/widget", seconds=60, secure=False, framed=True)[1]
    assert b"SameSite=Lax" in plain
    safe = cookie_header("a", "b", "/widget", seconds=60, secure=True, framed=True)[1]
    assert b"SameSite=None; Partitioned; Secure" in safe


def test_desk_answers_and_keeps_the_conversation(store: Conversations, scripted: ModuleType) -> None:
    desk = desk_over(store, scripted.ScriptedAssistant(store, 0))
    *_, last = desk.ask(MARIA, "page", "best customers?", "", "en")
    assert last.over
    assert "sw-foot" in last.messages[-1]["content"]
    *_, second = desk.ask(MARIA, "page", "and again", last.conversation, "en")
    assert sum("sw-said" in message["content"] for message in second.messages) == 2
    *_, again = desk.again(MARIA, "page", last.conversation, "en")
    assert sum('"sw-said"' in message["content"] for message in again.messages) == 2
    other = Person(role="marketer", actor="otto")
    (refused,) = desk.ask(other, "page", "show me", last.conversation, "en")
    assert refused.notice == language.say("en", "no_conversation")
    assert refused.messages == []


@pytest.mark.parametrize("words", ["", "  \n ", "x" * (MAX_CHARACTERS + 1), "y" * 20_000])
@pytest.mark.parametrize("spoken", ["en", "zh"])
def test_desk_refuses_what_cannot_be_answered(
    store: Conversations, scripted: ModuleType, words: str, spoken: Any
) -> None:
    desk = desk_over(store, scripted.ScriptedAssistant(store, 0))
    (shown,) = desk.ask(MARIA, "page", words, "", spoken)
    assert shown.notice
    assert store.count() == 0


def test_one_page_asks_one_thing_at_a_time_and_stop_reaches_it(
    store: Conversations, scripted: ModuleType
) -> None:
    desk = desk_over(store, scripted.ScriptedAssistant(store, 0.01))
    running = desk.ask(MARIA, "page", "a long story", "", "en")
    next(running)
    (busy,) = desk.ask(MARIA, "page", "another", "", "en")
    assert busy.notice == language.say("en", "busy")
    *_, elsewhere = desk.ask(MARIA, "second page", "hello", "", "en")
    assert elsewhere.over
    desk.stop(Person(role="marketer", actor="otto"), "page")
    for _ in range(3):
        assert not next(running).over
    desk.stop(MARIA, "page")
    *_, last = running
    assert language.say("en", "stopped") in "".join(message["content"] for message in last.messages)


def test_closing_the_page_ends_the_turn(store: Conversations, scripted: ModuleType) -> None:
    desk = desk_over(store, scripted.ScriptedAssistant(store, 0.01))
    running = desk.ask(MARIA, "page", "a long story", "", "en")
    next(running)
    next(running)
    running.close()
    *_, last = desk.ask(MARIA, "page", "hello", "", "en")
    assert not last.notice


def test_a_failing_engine_leaves_a_sentence_with_a_number(store: Conversations, scripted: ModuleType) -> None:
    desk = desk_over(store, scripted.ScriptedAssistant(store, 0))
    *_, last = desk.ask(MARIA, "page", "explode", "", "zh")
    assert re.search(r"编号 [0-9a-f]{8}", last.messages[-1]["content"])
    assert "fire" not in last.messages[-1]["content"]
    assert last.conversation == ""
    assert store.count() == 0


class Silent:
    """Ends a turn without a word."""

    def stream(self, request: Request, *, stop: threading.Event | None = None) -> Iterator[Event]:
        yield Answer(text="", language="en", conversation=request.conversation, error_id="abcd1234")

    def close(self) -> None:
        """Nothing is held."""


def test_an_empty_answer_is_never_shown_as_nothing(store: Conversations) -> None:
    *_, last = desk_over(store, Silent()).ask(MARIA, "page", "hello", "", "en")
    assert "abcd1234" in last.messages[-1]["content"]


def test_questions_wait_for_the_model_and_hear_when_it_cannot_load(
    store: Conversations, scripted: ModuleType
) -> None:
    gate = threading.Event()

    def slow() -> Any:
        gate.wait(10)
        return scripted.ScriptedAssistant(store, 0)

    desk = Desk(store, Warmup(slow))
    desk.warmup.start()
    assert desk.warmup.state == "warming"
    running = desk.ask(MARIA, "page", "hello", "", "en")
    next(running)
    assert language.say("en", "warming_long") in next(running).messages[-1]["content"]
    gate.set()
    *_, last = running
    assert "sw-foot" in last.messages[-1]["content"]

    def broken() -> Any:
        raise OSError("no such file")

    failing = Desk(store, Warmup(broken))
    failing.warmup.start()
    failing.warmup.wait(5)
    assert failing.warmup.state == "failed"
    *_, last = failing.ask(MARIA, "page", "hello", "", "en")
    assert "shopwright doctor" in last.messages[-1]["content"]

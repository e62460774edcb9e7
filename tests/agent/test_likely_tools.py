"""Which tools a request may be meant for: fitted once, kept, done without where the model's file is missing."""

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopwright.agent.history import Turn
from shopwright.agent.likely_tools import LikelyTools, examples
from shopwright.agent.routing import REPLY
from shopwright.knowledge.settings import Settings
from shopwright.tools.base import tools_for

MARKETER = [tool.name for tool in tools_for("marketer")]
SHOPPER = [tool.name for tool in tools_for("shopper")]


@pytest.fixture(scope="module")
def likely(demo_settings: Settings) -> LikelyTools:
    """Fitted with the real sentence model."""
    return LikelyTools(demo_settings)


def test_every_tool_has_examples_in_both_languages_and_no_two_are_the_same() -> None:
    rows = examples()
    counts = Counter((row["role"], row["tool"], row["language"]) for row in rows)
    expected = {("marketer", tool) for tool in (*MARKETER, REPLY)} | {
        ("shopper", tool) for tool in (*SHOPPER, REPLY)
    }
    assert {(role, tool) for role, tool, _ in counts} == expected
    assert {language for *_, language in counts} == {"en", "zh"}
    assert min(counts.values()) >= 40
    texts = [(row["role"], row["text"].casefold()) for row in rows]
    assert len(set(texts)) == len(texts)


@pytest.mark.demo
@pytest.mark.parametrize(
    ("text", "in_it", "out_of_it"),
    [
        ("Which buyers of oat milk are also homeowners?", "find_segment", "write_copy"),
        ("替我拟一条防晒霜的朋友圈", "write_copy", "forecast_sales"),
        ("Forward this to all of them at once", REPLY, "find_segment"),
        ("礼品卡能不能退？", "search_knowledge", "forecast_sales"),
    ],
)
def test_what_nobody_would_think_of_is_left_out(
    likely: LikelyTools, text: str, in_it: str, out_of_it: str
) -> None:
    found = likely.among("marketer", text, [*MARKETER, REPLY])
    assert in_it in found
    assert out_of_it not in found


@pytest.mark.demo
def test_the_tool_of_the_turn_before_may_be_meant_again(likely: LikelyTools) -> None:
    text = "Write a text message about rice crackers"
    alone = likely.due("marketer", text, MARKETER, [], lambda: False)
    after = likely.due("marketer", text, MARKETER, [Turn("x", tool="forecast_sales")], lambda: False)
    assert "forecast_sales" not in alone
    assert set(after) == {*alone, "forecast_sales"}


@pytest.mark.demo
@settings(max_examples=30, deadline=None)
@given(st.text(max_size=300))
def test_something_is_always_possible_and_a_tool_without_examples_is(likely: LikelyTools, text: str) -> None:
    found = likely.among("shopper", text, [*SHOPPER, REPLY, "a_tool_of_a_plugin"])
    assert "a_tool_of_a_plugin" in found
    assert set(found) <= {*SHOPPER, REPLY, "a_tool_of_a_plugin"}


@pytest.mark.demo
def test_what_was_fitted_is_kept_and_made_anew_where_it_is_damaged(
    likely: LikelyTools, demo_settings: Settings, tmp_path: Path
) -> None:
    own = demo_settings.model_copy(update={"data_dir": tmp_path})
    (tmp_path / "downloads").symlink_to(demo_settings.downloads, target_is_directory=True)
    first = LikelyTools(own)
    heard: list[tuple[int, int]] = []
    first.prepare(lambda _step, done, total: heard.append((done, total)))
    assert heard[-1] == (len(examples()), len(examples()))
    assert heard == sorted(heard)
    (kept,) = (own.cache_dir / "tool-requests").glob("*/*.npz")
    made = kept.read_bytes()
    again = LikelyTools(own)
    again.prepare()
    assert kept.read_bytes() == made
    text = "给流失客户发什么券合适"
    assert again.among("marketer", text, MARKETER) == first.among("marketer", text, MARKETER)
    kept.write_bytes(made[:2000])
    mended = LikelyTools(own)
    assert mended.among("marketer", text, MARKETER) == first.among("marketer", text, MARKETER)
    (anew,) = (own.cache_dir / "tool-requests").glob("*/*.npz")
    assert len(anew.read_bytes()) == len(made)


@pytest.mark.demo
def test_a_sentence_model_damaged_since_is_done_without(
    likely: LikelyTools, demo_settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    likely.prepare()
    later = LikelyTools(Settings(data_dir=tmp_path, database_url=""))
    shutil.copytree(likely._path, later._path)
    later._weights.parent.mkdir(parents=True)
    later._weights.write_bytes(b"nothing of the kind")
    assert later.among("marketer", "How many customers?", MARKETER) == MARKETER
    assert "without multilingual-e5-small" in caplog.text


def test_without_the_sentence_model_every_tool_is_possible(tmp_path: Path) -> None:
    without = LikelyTools(Settings(data_dir=tmp_path, database_url=""))
    assert without.among("marketer", "How many customers?", MARKETER) == MARKETER
    assert without.due("marketer", "hello", SHOPPER, [], lambda: False) == []
    assert not list(tmp_path.rglob("*.npz"))


def test_a_damaged_sentence_model_is_done_without(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    broken = LikelyTools(Settings(data_dir=tmp_path, database_url=""))
    broken._weights.parent.mkdir(parents=True)
    broken._weights.write_bytes(np.arange(100, dtype=np.uint8).tobytes())
    assert broken.among("marketer", "How many customers?", MARKETER) == MARKETER
    assert "without multilingual-e5-small" in caplog.text

"""The benches' own logic: who begins, what is counted, ratios, rooflines, new processes."""

import importlib.util
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk

from shopwright.agent.assistant import Assistant
from shopwright.agent.engines.asking import ask_engine
from shopwright.evals.benches import restart, together, turn
from shopwright.evals.benches.apart import run_apart
from shopwright.evals.benches.engine import AT_ONCE, at_once, long_prompt, measure, peak_rss
from shopwright.evals.benches.engines import check, present, report, with_roofline
from shopwright.evals.benches.product import figures, on_cpu
from shopwright.evals.benches.product import report as product_report
from shopwright.evals.benches.roofline import cpu_bandwidth, gguf_bytes_a_token, roofline
from shopwright.evals.benches.talks import FOLLOW_UPS
from shopwright.evals.errors import EvalError
from shopwright.knowledge.database import migrate
from shopwright.knowledge.documents import load_documents
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.tools.base import tools_for

_spec = importlib.util.spec_from_file_location(
    "scripted_for_benches", Path(__file__).parents[1] / "agent" / "scripted.py"
)
assert _spec is not None
assert _spec.loader is not None
scripted = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(scripted)


@pytest.fixture
def assistant(tmp_path: Path) -> Callable[..., Assistant]:
    shop = Shop(Settings(data_dir=tmp_path))
    migrate(shop.engine)
    load_documents(shop.engine)
    return lambda *lines: Assistant(shop, scripted.ScriptedEngine(list(lines)))


def test_every_second_question_has_its_tool() -> None:
    assert len(turn.EXPECTED) == len(FOLLOW_UPS)
    assert set(turn.EXPECTED) <= {tool.name for tool in tools_for("marketer")}


def test_our_side_measures_the_second_turn(assistant: Callable[..., Assistant]) -> None:
    lines = [("say", "Hello"), ("call", "hand_to_person", {"reason": "wants one"}), ("say", "Sorry")]
    measured = turn.Ours(assistant(*lines)).converse("Hi", "A person please", "find_segment")
    assert measured.question == "A person please"
    assert measured.seconds > 0
    assert not measured.right


class Counted:
    """A side that notes who was asked when."""

    def __init__(self, name: str, order: list[str], seconds: float, called: str | None) -> None:
        self._name, self._order, self._seconds, self._called = name, order, seconds, called

    def converse(self, first: str, second: str, expected: str) -> turn.Turn:
        self._order.append(self._name)
        ran = int(self._called is not None)
        return turn.Turn(
            second, expected, self._called, self._seconds, None, "So.", stopped=self._seconds > 100, ran=ran
        )

    def close(self) -> None:
        self._order.append("closed")


def test_sides_take_turns_in_beginning_and_the_medians_make_the_ratio() -> None:
    order: list[str] = []
    sides: dict[str, turn.Side] = {
        "ours": Counted("ours", order, 2.0, "find_segment"),
        "langchain": Counted("langchain", order, 180.0, None),
        "langchain_tuned": Counted("langchain_tuned", order, 20.0, "find_segment"),
    }
    measured = turn.measure_turns(sides, 3)
    assert order[:3] == ["ours", "langchain", "langchain_tuned"]
    assert [order[0], order[3], order[6]] == ["ours", "langchain", "langchain_tuned"]
    assert turn.turn_ratios(measured) == {
        "ratio_to_langchain": None,
        "ratio_to_langchain_all_turns": 0.0111,
        "ratio_to_langchain_tuned": 0.1,
        "ratio_to_langchain_tuned_all_turns": 0.1,
    }
    assert measured["ours"]["tool_calls_right"] == 2
    assert measured["langchain"]["stopped_at_limit"] == 3
    assert turn.turn_ratios({"ours": measured["ours"]})["ratio_to_langchain_all_turns"] is None


def test_a_turn_is_whole_when_words_came_of_a_tool() -> None:
    def turned(ran: int, answer: str, stopped: bool = False) -> bool:
        return turn.Turn("q", "t", "t", 1.0, None, answer, stopped=stopped, ran=ran).whole

    assert turned(1, "128 customers")
    assert turned(1, "", stopped=True)
    assert not turned(1, " ")
    assert not turned(0, "Many, I guess")


def test_a_peer_gets_our_tools_and_they_run_over_our_shop(assistant: Callable[..., Assistant]) -> None:
    ours = assistant()
    setup = turn.peer_setup(ours, Path("model.gguf"), {"n_ctx": 4096})
    assert [tool.name for tool in setup.tools] == [tool.name for tool in tools_for("marketer")]
    assert not any(key.startswith("x-") for tool in setup.tools for spec in tool.schema["properties"].values()
                   for key in spec)  # fmt: skip
    assert turn.run_for_peer(ours, "search_knowledge", {"query": "returns", "nothing": 3}).startswith(
        "search_knowledge was called with arguments it cannot take"
    )


def test_restarts_are_compared_by_their_medians() -> None:
    def measured(*seconds: float) -> list[dict[str, Any]]:
        return [{"first_event_seconds": s, "load_seconds": 1.0} for s in seconds]

    found = restart.restart_figures(measured(20.0, 10.0, 16.0), measured(0.8, 9.0, 0.7))
    assert (found["ratio"], found["cold_seconds_median"], found["warm_seconds_median"]) == (0.05, 16.0, 0.8)


def test_four_people_at_once_and_in_turn(assistant: Callable[..., Assistant]) -> None:
    found = together.measure_together(assistant(*[("say", "Good day")] * 20), 2)
    in_turn, at_once = (
        sorted(wait["question"] for one in found[way] for wait in one["waits"])
        for way in ("in_turn", "at_once")
    )
    assert in_turn == at_once  # both ways answer the same
    assert len(set(in_turn)) == 8
    assert found["longest_wait_at_once"] <= found["total_seconds_at_once"]
    assert found["ratio"] > 0
    one = together.Round([together.Wait("q", None, 0.1, 1.0), together.Wait("q", None, 0.1, 3.0)], 4.0)
    both = together.Round([together.Wait("q", None, 0.1, 3.0), together.Wait("q", None, 0.1, 3.5)], 3.5)
    ratios = together.together_figures([one], [both])
    assert (ratios["ratio"], ratios["longest_wait_ratio"], ratios["wait_over_alone"]) == (0.875, 1.1667, 1.75)
    assert ratios["longest_wait_over_queue"] == 0.875


def test_the_products_figures_begin_with_the_ratios(assistant: Callable[..., Assistant]) -> None:
    sides = {"ours": turn.side_figures([turn.Turn("q", "t", "t", 2.0, 0.5, "a")])}
    again = restart.restart_figures(*[[{"first_event_seconds": 1.0, "load_seconds": 1.0}]] * 2)
    one = together.Round([together.Wait("q", None, 0.1, 1.0)], 1.0)
    found = figures(sides, again, together.together_figures([one], [one]), "gguf:x", 2, 180.0)
    assert next(iter(found)) == "ratio_to_langchain"
    assert {"warm_restart_ratio", "concurrent_4_ratio", "concurrent_4_longest_wait_ratio"} <= set(found)
    assert "ours" in product_report(found)


def test_both_sides_need_a_gguf_file(tmp_path: Path) -> None:
    with pytest.raises(EvalError, match="not a GGUF file"):
        on_cpu(Settings(data_dir=tmp_path))
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF")
    settings, path = on_cpu(Settings(data_dir=tmp_path, model_path=model, model_threads=3))
    assert (path, settings.engine, settings.model_threads) == (model, "gguf", 3)


def test_a_new_process_is_another_one_and_its_end_is_said() -> None:
    assert run_apart(os.getpid) != os.getpid()
    with pytest.raises(ValueError, match="invalid literal"):
        run_apart(int, "x")
    with pytest.raises(EvalError, match="died without a word"):
        run_apart(os._exit, 3)


def test_an_engines_calls_are_timed() -> None:
    engine = scripted.ScriptedEngine([("say", "one two three")])
    one = ask_engine(engine, [("user", "count")], max_tokens=8)
    assert 0 < one.first_seconds <= one.seconds
    assert (one.prompt_tokens, one.cached_tokens, one.output_tokens) == (10, 4, 5)
    assert one.prefill > 0


def test_an_engine_is_measured() -> None:
    engine = scripted.ScriptedEngine([("say", "so it is")] * (3 + sum(AT_ONCE)))
    measured = measure(engine, 8, 8)
    assert measured["engine"] == "scripted"
    assert set(measured["tokens_a_second_at_once"]) == {"1", "2", "4", "8"}
    assert engine.lines == []
    prompts = [str(messages[-1].content) for messages in engine.seen]
    assert len(set(prompts)) == len(prompts)


class Gathering:
    """An engine whose calls wait until all of them are there."""

    name = "gathering"

    def __init__(self, requests: int) -> None:
        self._all_here = threading.Barrier(requests, timeout=10)

    def stream(self, messages: Any, **options: Any) -> Iterator[AIMessageChunk]:
        self._all_here.wait()
        usage = {"input_tokens": 1, "output_tokens": 7, "total_tokens": 8}
        yield AIMessageChunk(content="x", usage_metadata=usage)

    def warm(self, *args: Any, **kwargs: Any) -> None:
        """Nothing to warm."""

    def close(self) -> None:
        """Nothing to close."""


def test_requests_at_once_are_under_way_together() -> None:
    assert at_once(Gathering(4), long_prompt(), 4, 8) > 0


def test_the_long_prompt_is_of_about_a_thousand_tokens() -> None:
    ((_, text),) = long_prompt()
    assert 700 < len(text.split()) < 1100


def test_memory_is_read_at_a_rate_and_the_peak_is_known() -> None:
    assert cpu_bandwidth(1) > 1e8
    assert (peak_rss() or 0) > 10 * 2**20


@pytest.mark.parametrize("tied", [False, True])
def test_bytes_a_token_leave_out_the_table_of_embeddings(tmp_path: Path, tied: bool) -> None:
    gguf = pytest.importorskip("gguf")
    import numpy as np

    path = tmp_path / "small.gguf"
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_tensor("token_embd.weight", np.zeros((10, 4), dtype=np.float32))
    writer.add_tensor("blk.0.ffn_up.weight", np.zeros((4, 4), dtype=np.float32))
    if not tied:
        writer.add_tensor("output.weight", np.zeros((10, 4), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    assert gguf_bytes_a_token(path) == 160 + 64


def test_the_roofline() -> None:
    assert roofline(10**9, 2e10, 15.0) == {
        "bytes_a_token": 10**9,
        "bandwidth_gb_a_second": 20.0,
        "tokens_a_second_at_the_roof": 20.0,
        "share_reached": 0.75,
    }
    assert roofline(None, 2e10, 15.0)["share_reached"] is None


def test_what_is_present_and_what_is_missing_is_said(tmp_path: Path) -> None:
    assert "remote" not in present(Settings(data_dir=tmp_path))
    assert "remote" in present(Settings(data_dir=tmp_path, remote_url="http://127.0.0.1:1/v1"))
    with pytest.raises(EvalError, match="SHOPWRIGHT_REMOTE_URL"):
        check("remote", Settings(data_dir=tmp_path))


def test_an_engine_that_failed_is_reported_beside_the_others() -> None:
    measured = measure(scripted.ScriptedEngine([("say", "so")] * (3 + sum(AT_ONCE))), 8, 8)
    whole = {
        **measured,
        "peak_rss_bytes": 2**30,
        "peak_vram_bytes": None,
        "bandwidth": None,
        "bytes_a_token": 5,
    }
    engines = {"gguf": with_roofline(whole, "gguf", 1e10), "remote": {"error": "It is gone."}}
    told = report({"memory_bandwidth_gb_a_second": 10.0, "engines": engines})
    assert "1.00 GiB" in told
    assert "remote: It is gone." in told

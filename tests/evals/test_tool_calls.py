"""The suite of tool calls over an empty shop: an engine that only talks is right where no tool is due."""

import importlib.util
from pathlib import Path

from shopwright.agent.assistant import Assistant
from shopwright.evals.tool_calls import tool_figures
from shopwright.knowledge.database import migrate
from shopwright.knowledge.documents import load_documents
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop

_spec = importlib.util.spec_from_file_location(
    "scripted_for_tools", Path(__file__).parents[1] / "agent" / "scripted.py"
)
assert _spec is not None
assert _spec.loader is not None
scripted = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(scripted)


def test_the_summary_and_what_went_wrong(tmp_path: Path) -> None:
    shop = Shop(Settings(data_dir=tmp_path))
    migrate(shop.engine)
    load_documents(shop.engine)
    figures = tool_figures(Assistant(shop, scripted.ScriptedEngine([("say", "Good day")] * 40)))
    assert (figures["summary"]["cases"], figures["summary"]["tool_right"]) == (40, 8)
    assert "verdicts" not in figures["summary"]
    assert len(figures["wrong"]) == 32
    assert {"id", "text", "tool", "arguments"} <= set(figures["wrong"][0])

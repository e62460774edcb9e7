"""The real model on the demo shop: asked the same twice, it says the same twice."""

import pytest

from shopwright.agent.local import open_engine
from shopwright.evals.loading import find_suites
from shopwright.evals.records import Run
from shopwright.evals.session import Choice, run_suites
from shopwright.knowledge.fetch_sources import QWEN
from shopwright.knowledge.settings import Settings

FEW = ("lapsing-en", "homeowners-zh", "gluten-free-en", "thanks-zh")


@pytest.mark.model
@pytest.mark.demo
def test_the_same_suite_run_twice_agrees(demo_settings: Settings) -> None:
    if not (demo_settings.model_path or demo_settings.downloads / QWEN.name).exists():
        pytest.skip("the embedded model is not here: run `shopwright init --demo` first")
    suites = find_suites(["smoke"])

    def told(made: Run) -> list[tuple[str, str, list[tuple[str, object]], bool]]:
        return [
            (
                case.id,
                case.turns[0].text,
                [(call.tool, call.arguments) for call in case.turns[0].calls],
                case.passed,
            )
            for case in made.cases
        ]

    engine = open_engine(demo_settings)
    try:
        first = run_suites(demo_settings, engine, suites, Choice(cases=FEW))
        second = run_suites(demo_settings, engine, suites, Choice(cases=FEW))
    finally:
        engine.close()
    assert told(first) == told(second)
    assert first.figures["safety_violations"] == 0
    assert first.figures["grounding_rate"] == 1.0

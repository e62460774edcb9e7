"""Set-up does each step once, again when what it depends on has changed, and never twice for nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session

from shopwright.knowledge.database import migrate
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.setup import SetupStep, Task, _Run, refresh, set_up_demo
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.tables import Snapshot


def quiet(_step: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(Settings(data_dir=tmp_path, database_url=""))
    migrate(shop.engine)
    yield shop
    shop.engine.dispose()


class Work:
    """A step that counts how often it ran."""

    def __init__(self, made: Path) -> None:
        self.made, self.runs, self.input, self.waiting = made, 0, "one", False

    def run(self) -> int:
        self.runs += 1
        self.waiting = False
        self.made.write_text("made")
        return 42

    def task(self) -> Task:
        return Task("work", self.run, ("setup.py",), lambda: self.input, (self.made,), lambda: self.waiting)


def do(shop: Shop, task: Task, *, lenient: bool = False) -> SetupStep:
    run = _Run(shop, quiet, lenient=lenient)
    run.task(task)
    return run.steps[0]


def test_a_step_is_done_once(shop: Shop, tmp_path: Path) -> None:
    work = Work(tmp_path / "made")
    first, second = do(shop, work.task()), do(shop, work.task())
    assert (first.fresh, first.details) == (True, {"rows": 42})
    assert (second.fresh, work.runs) == (False, 1)


def test_a_step_is_done_again_when_its_input_changes_or_its_result_is_gone(
    shop: Shop, tmp_path: Path
) -> None:
    work = Work(tmp_path / "made")
    do(shop, work.task())
    work.input = "two"
    assert do(shop, work.task()).fresh
    work.made.unlink()
    assert do(shop, work.task()).fresh
    work.waiting = True
    assert do(shop, work.task()).fresh
    assert not do(shop, work.task()).fresh
    assert work.runs == 4


def test_an_interrupted_step_is_done_again(shop: Shop, tmp_path: Path) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        do(shop, Task("work", interrupted, ()))
    with Session(shop.engine) as session:
        assert session.get(Snapshot, "setup:work") is None
    assert do(shop, Task("work", lambda: 1, ())).fresh


def test_too_little_data_is_told_and_tried_again(shop: Shop) -> None:
    def too_little() -> None:
        raise LookupError("There are no campaigns to learn from.")

    task = Task("forecast", too_little, ())
    step = do(shop, task, lenient=True)
    assert step.skipped == "There are no campaigns to learn from."
    with pytest.raises(LookupError):
        do(shop, task)
    assert not do(shop, Task("forecast", lambda: None, ()), lenient=True).skipped


@pytest.mark.demo
def test_set_up_again_is_quick_and_does_nothing(demo_settings: Settings) -> None:
    set_up_demo(demo_settings, quiet)
    report = set_up_demo(demo_settings, quiet)
    assert [step.name for step in report.steps if step.fresh] == []
    assert report.seconds < 10
    assert report.demo is not None
    assert len(report.demo.tables) == 9
    assert report.model is not None
    assert report.model.exists()
    assert [step.name for step in refresh(demo_settings, quiet).steps if step.fresh] == []

"""Setting the shop up, step by step; each step is skipped when what it was made from has not changed."""

import hashlib
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, Field
from sqlalchemy import func
from sqlmodel import SQLModel, col, select

from shopwright.knowledge.database import migrate, transaction
from shopwright.knowledge.demo import DemoReport, import_demo
from shopwright.knowledge.fetch import FetchError, Progress, fetch_demo_data, fetch_model
from shopwright.knowledge.saved import MANIFEST, shop_fingerprint
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.tables import (
    CustomerInsight,
    CustomerStats,
    Document,
    IndexOutbox,
    Order,
    Product,
    Review,
    Snapshot,
)
from shopwright.knowledge.types import Frozen
from shopwright.knowledge.vectors import IndexBusyError

HERE = Path(__file__).parent
CUSTOMER_PARTS = ("features", "training", "rates", "model", "clusters", "tags", "fit")
T = TypeVar("T")
STATISTICS = "customer statistics"


class SetupStep(Frozen):
    """One step as it went."""

    name: str
    seconds: float
    fresh: bool = Field(description="False: it was done before and nothing it depends on has changed.")
    details: dict[str, Any] = Field(default_factory=dict)
    skipped: str = Field(default="", description="Why the step could not be done; empty when it was.")
    model: str = Field(default="", description="The model that the step fits, if it fits one.")


class SetupReport(Frozen):
    """The whole set-up as it went."""

    steps: list[SetupStep]
    demo: DemoReport | None = None
    model: Path | None = Field(default=None, description="The language model's file; None: not needed.")

    @property
    def seconds(self) -> float:
        """How long it all took."""
        return sum(step.seconds for step in self.steps)


@dataclass(frozen=True)
class Task:
    """A step that is done again when its `inputs` or its `code` (patterns of files here) have changed.

    It is also done when it is `due` for another reason, or when a path that it `makes` is gone. `model` is
    the name of the model that it fits, by which it can be asked for.
    """

    name: str
    run: Callable[[], object]
    code: tuple[str, ...]
    inputs: Callable[[], str] = lambda: ""
    makes: tuple[Path, ...] = ()
    due: Callable[[], bool] = lambda: False
    model: str = ""

    def fingerprint(self) -> str:
        """Hash of what the step is made from."""
        digest = hashlib.sha256(self.inputs().encode())
        for pattern in self.code:
            for path in sorted(HERE.glob(pattern)):
                digest.update(path.read_bytes())
        return digest.hexdigest()


def set_up_demo(settings: Settings, progress: Progress) -> SetupReport:
    """Everything the demo needs: database, data, learned models, search index, language model.

    Interrupted anywhere, the next call goes on where it stopped; when all is there it takes seconds.
    Raises FetchError (something cannot be had or trusted), RuntimeError (the database holds another
    shop) and ValueError (the data set is damaged); each message says what to do.
    """
    shop = Shop(settings)
    run = _Run(shop, progress)
    run.timed("database", lambda _: migrate(shop.engine))
    folder = run.timed("demo data", lambda told: fetch_demo_data(settings, told))
    demo = run.timed("demo shop", lambda told: import_demo(shop.engine, folder, told))
    for task in (*_texts(shop, progress), *_learning(shop, progress)):
        run.task(task)
    model = None
    if settings.engine != "remote":  # a remote engine brings its own model
        model = run.timed("language model", lambda told: fetch_model(settings, told))
    return SetupReport(steps=run.steps, demo=demo, model=model)


def refresh(settings: Settings, progress: Progress, models: Collection[str] = ()) -> SetupReport:
    """What follows an import of one's own data: statistics, models, index, as far as the data allow.

    With `models`, only these are fitted, even if nothing has changed, and the statistics that they may build
    on; until it is done the old ones stay. A model that the shop has too little data for, or whose texts
    cannot be fetched, is skipped, and so is the index while the web app owns it; the report says why.
    """
    shop = Shop(settings)
    run = _Run(shop, progress, lenient=True)
    run.timed("database", lambda _: migrate(shop.engine))
    for task in _learning(shop, progress):
        if not models or task.model in models or task.name == STATISTICS:
            run.task(task, anew=task.model in models)
    return SetupReport(steps=run.steps)


def model_names(settings: Settings) -> list[str]:
    """The names of the models that are fitted on the shop's data."""
    return [task.model for task in _learning(Shop(settings), lambda _step, _done, _total: None) if task.model]


def _texts(shop: Shop, progress: Progress) -> tuple[Task, ...]:
    """Help passages and labelled reviews."""
    from shopwright.knowledge.documents import load_documents
    from shopwright.knowledge.review_data import import_reviews

    return (
        Task("help passages", lambda: load_documents(shop.engine), ("documents.py", "data/help/*")),
        Task(
            "labelled reviews",
            lambda: import_reviews(shop.engine, shop.settings, progress),
            ("review_data.py", "fetch_sources.py"),
        ),
    )


def _learning(shop: Shop, progress: Progress) -> tuple[Task, ...]:
    """What is counted and learned from the shop's data, in the order in which one builds on another."""
    from shopwright.knowledge.campaign_fit import fit_campaigns
    from shopwright.knowledge.customer_fit import fit_customers
    from shopwright.knowledge.index import build_index
    from shopwright.knowledge.patterns import fit_patterns
    from shopwright.knowledge.recommend_fit import fit_recommender
    from shopwright.knowledge.review_scores import score_reviews
    from shopwright.knowledge.segment_past import refresh_past
    from shopwright.knowledge.sentiment import fit_sentiment
    from shopwright.knowledge.stats import refresh_stats

    settings = shop.settings
    sales = lru_cache(lambda: shop_fingerprint(shop.engine))
    return (
        Task(
            STATISTICS,
            lambda: refresh_stats(shop.engine, progress),
            ("stats.py", "customer_lifecycle.py"),
            sales,
            due=lambda: _count(shop, CustomerStats) == 0 and _count(shop, Order) > 0,
        ),
        Task(
            "segment history",
            lambda: refresh_past(shop.engine, progress),
            ("segment_past.py", "stats.py", "customer_lifecycle.py"),
            sales,
        ),
        Task(
            "customer models",
            lambda: fit_customers(shop, progress),
            tuple(f"customer_{part}.py" for part in CUSTOMER_PARTS),
            sales,
            (shop.model_dir("customers"),),
            due=lambda: _count(shop, CustomerInsight) == 0 and _count(shop, CustomerStats) > 0,
            model="customers",
        ),
        Task(
            "behaviour patterns",
            lambda: fit_patterns(shop, progress),
            ("pattern*.py",),
            sales,
            (shop.model_dir("patterns"),),
            model="patterns",
        ),
        Task(
            "campaign forecast",
            lambda: fit_campaigns(shop, progress),
            ("campaign_*.py", "demand_prices.py"),
            sales,
            (shop.model_dir("campaigns"),),
            model="campaigns",
        ),
        Task(
            "sentiment",
            lambda: fit_sentiment(shop, progress),
            ("sentiment*", "review_data.py", "embedding_e5*"),
            makes=(shop.model_dir("sentiment"),),
            model="sentiment",
        ),
        Task(
            "review scores",
            lambda: score_reviews(shop, progress),
            ("review_scores.py", "review_aspect*", "review_names*", "sentiment*"),
            lambda: _state(shop, Review) + _text(shop.model_dir("sentiment") / MANIFEST),
            due=lambda: _count(shop, Review, col(Review.positive_probability).is_(None)) > 0,
        ),
        Task(
            "search index",
            lambda: build_index(shop, progress),
            (
                "index.py",
                "embedding.py",
                "assortment.py",
                "vectors.py",
                "names.py",
                "words.py",
                "documents.py",
                "passage_meaning.py",
                "embedding_e5*",
                "data/asides.txt",
                "data/*_zh.csv",
                "data/help/*",
            ),
            lambda: _state(shop, Product) + _state(shop, Document),
            (settings.index_dir,),
            due=lambda: _count(shop, IndexOutbox) > 0,
        ),
        Task(
            "recommendations",
            lambda: fit_recommender(shop, progress),
            ("recommend_*.py", "catalogue.py"),
            sales,
            (shop.model_dir("recommender"),),
            model="recommender",
        ),
    )


def _count(shop: Shop, model: type[SQLModel], *conditions: Any) -> int:
    with shop.session() as session:
        return session.exec(select(func.count()).select_from(model).where(*conditions)).one()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _state(shop: Shop, model: type[Product] | type[Document] | type[Review]) -> str:
    """Number of rows and newest id: what changes within a row is told by the outbox."""
    with shop.session() as session:
        return str(session.exec(select(func.count(), func.max(model.id))).one())


class _Run:
    """Does the steps of one set-up and keeps account of them."""

    def __init__(self, shop: Shop, progress: Progress, *, lenient: bool = False) -> None:
        self.shop, self.progress, self.lenient = shop, progress, lenient
        self.steps: list[SetupStep] = []

    def timed(self, name: str, run: Callable[[Progress], T]) -> T:
        """Do a step that finds out by itself what is left to do, and says so by its progress."""
        started, told = time.monotonic(), set[str]()

        def listen(step: str, done: int, total: int) -> None:
            told.add(step)
            self.progress(step, done, total)

        result = run(listen)
        fresh = bool(result.fresh) if isinstance(result, DemoReport) else bool(told)
        self.steps.append(SetupStep(name=name, seconds=time.monotonic() - started, fresh=fresh))
        return result

    def task(self, task: Task, *, anew: bool = False) -> None:
        """Do a task unless its snapshot says that it is done and nothing has changed since; or `anew`."""
        started = time.monotonic()
        fingerprint, fresh, details, skipped = task.fingerprint(), False, dict[str, Any](), ""
        if anew or task.due() or not self._done(task, fingerprint):
            fresh = True
            try:
                details = _details(task.run())
            except (LookupError, FetchError, IndexBusyError) as error:
                if not self.lenient:
                    raise
                skipped = str(error)
            else:
                self._remember(task, fingerprint, details)
        self.steps.append(
            SetupStep(
                name=task.name,
                seconds=time.monotonic() - started,
                fresh=fresh,
                details=details,
                skipped=skipped,
                model=task.model,
            )
        )

    def _done(self, task: Task, fingerprint: str) -> bool:
        with self.shop.session() as session:
            snapshot = session.get(Snapshot, f"setup:{task.name}")
        return (
            snapshot is not None
            and snapshot.fingerprint == fingerprint
            and all(path.exists() for path in task.makes)
        )

    def _remember(self, task: Task, fingerprint: str, details: dict[str, Any]) -> None:
        snapshot = Snapshot(name=f"setup:{task.name}", fingerprint=fingerprint, details=details)
        with transaction(self.shop.engine) as session:
            session.merge(snapshot)


def _details(result: object) -> dict[str, Any]:
    """What a step returned, as plain JSON values for the report."""
    if isinstance(result, BaseModel):
        return result.model_dump(mode="json")
    if isinstance(result, dict):
        return {str(key): value for key, value in result.items()}
    return {} if result is None else {"rows": result} if isinstance(result, int) else {"result": str(result)}

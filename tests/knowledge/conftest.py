"""A small shop with a year of orders, on SQLite and on PostgreSQL."""

import csv
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy.engine import Engine

from shopwright.knowledge.customer_fit import fit_customers
from shopwright.knowledge.database import migrate
from shopwright.knowledge.review_data import Labelled
from shopwright.knowledge.sentiment import SentimentClassifier, lexica, train
from shopwright.knowledge.sentiment_classifier import embedder
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop


def _sibling(name: str) -> ModuleType:
    """Tests are no package (pytest's importlib mode), so a file beside this one is loaded by path."""
    path = Path(__file__).parent / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"shop_tests_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def small_shop(database: Engine) -> object:
    """What was written to `database`: customers, products, orders, lines."""
    return _sibling("small_shop").make_small_shop(database)


@pytest.fixture
def rhythm_shop(database: Engine) -> Engine:
    """A year of customers with rhythms, written to `database`; see rhythm_shop.py."""
    _sibling("rhythm_shop").make_rhythm_shop(database)
    return database


@pytest.fixture
def holdout_shop(database: Engine) -> Engine:
    """A shop with known effects of price and of a campaign with a holdout; see holdout_shop.py."""
    _sibling("holdout_shop").make_holdout_shop(database)
    return database


@pytest.fixture
def couponless_shop(database: Engine) -> Engine:
    """The same without rows that say what coupons are good for."""
    _sibling("holdout_shop").make_holdout_shop(database, coupons=False)
    return database


@pytest.fixture(scope="module")
def fitted_rhythm_shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The same on SQLite with the customer models fitted, made once a module; read only."""
    shop = Shop(Settings(data_dir=tmp_path_factory.mktemp("rhythm")))
    migrate(shop.engine)
    _sibling("rhythm_shop").make_rhythm_shop(shop.engine)
    fit_customers(shop)
    return shop


@pytest.fixture
def past_campaigns(database: Engine, small_shop: object) -> object:
    """The small shop with six campaigns that ended."""
    _sibling("small_shop").add_campaigns(database, small_shop)
    return small_shop


@pytest.fixture
def small_shop_settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of a shop on `database`, its files in a folder of its own."""
    return Settings(data_dir=tmp_path, database_url=database_url)


@pytest.fixture(scope="session")
def sentiment() -> SentimentClassifier:
    """A real classifier fitted on the few dozen reviews of review_examples.csv."""
    with (Path(__file__).parent / "review_examples.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    examples = [
        Labelled(str(at), row["text"], int(row["label"]), row["language"], "", at % 12)
        for at, row in enumerate(rows)
    ]
    vader = {"love": 3.2, "hate": -2.7, "great": 3.1, "terrible": -2.1, "good": 1.9, "bad": -2.5}
    return train(examples, lexica(vader), embedder(), lambda _step, _done, _total: None)[0]

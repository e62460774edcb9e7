"""The shop as the tools see it: one object that opens each part of its knowledge when first used."""

from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from shopwright.knowledge.database import open_database
from shopwright.knowledge.meanwhile import Meanwhile
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.tables import Order

if TYPE_CHECKING:
    from shopwright.knowledge.campaigns import CampaignForecaster
    from shopwright.knowledge.customers import Customers
    from shopwright.knowledge.patterns import Patterns
    from shopwright.knowledge.recommend import Recommender
    from shopwright.knowledge.reviews import ReviewAnalyst
    from shopwright.knowledge.search import DocumentSearch, ProductSearch
    from shopwright.knowledge.segments import Segments


class Shop:
    """Settings, database and everything learned from it. Cheap to make: a part opens when first used.

    The parts' modules are imported there too, so that a command which needs one part does not wait for
    the libraries of all.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.meanwhile = Meanwhile()

    @cached_property
    def engine(self) -> Engine:
        """The database."""
        return open_database(self.settings.database)

    def close(self) -> None:
        """End work in the background and let go of the database."""
        self.meanwhile.close()
        if "engine" in self.__dict__:
            self.engine.dispose()

    def session(self) -> Session:
        """A new database session; closing it without commit rolls back."""
        return Session(self.engine, expire_on_commit=False)

    @cached_property
    def today(self) -> datetime:
        """The time of the shop's last order: what 'the last 60 days' counts back from."""
        with self.session() as session:
            latest = session.exec(select(func.max(Order.ordered_at))).one()
        if latest is None:
            raise LookupError(
                "The shop has no orders yet. Run `shopwright init --demo` or `shopwright import`."
            )
        return latest

    @cached_property
    def products(self) -> "ProductSearch":
        """Search over products."""
        from shopwright.knowledge.search import ProductSearch

        return ProductSearch(self)

    @cached_property
    def documents(self) -> "DocumentSearch":
        """Search over policy and help passages."""
        from shopwright.knowledge.search import DocumentSearch

        return DocumentSearch(self)

    @cached_property
    def segments(self) -> "Segments":
        """Customer segments."""
        from shopwright.knowledge.segments import Segments

        return Segments(self)

    @cached_property
    def customers(self) -> "Customers":
        """What is expected of customers: lifecycle, churn, value, clusters, interests."""
        from shopwright.knowledge.customers import Customers

        return Customers(self)

    @cached_property
    def patterns(self) -> "Patterns":
        """What is bought together, and what is bought next."""
        from shopwright.knowledge.patterns import Patterns

        return Patterns(self)

    @cached_property
    def recommender(self) -> "Recommender":
        """Product recommendations."""
        from shopwright.knowledge.recommend import Recommender

        return Recommender(self)

    @cached_property
    def campaigns(self) -> "CampaignForecaster":
        """Campaign forecasts."""
        from shopwright.knowledge.campaigns import CampaignForecaster

        return CampaignForecaster(self)

    @cached_property
    def reviews(self) -> "ReviewAnalyst":
        """What reviewers say."""
        from shopwright.knowledge.reviews import ReviewAnalyst

        return ReviewAnalyst(self)

    def model_dir(self, name: str) -> Path:
        """The folder of the fitted model `name`."""
        return self.settings.models_dir / name

"""The shop's tables as SQLAlchemy Core sees them, for queries that compute inside the database."""

from sqlalchemy import Table
from sqlmodel import SQLModel

from shopwright.knowledge import tables


def _table(model: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]


CUSTOMER = _table(tables.Customer)
PRODUCT = _table(tables.Product)
ORDERS = _table(tables.Order)
LINES = _table(tables.OrderLine)
CAMPAIGN = _table(tables.Campaign)
TARGETS = _table(tables.CampaignTarget)
REDEMPTIONS = _table(tables.Redemption)
STATS = _table(tables.CustomerStats)
CATEGORIES = _table(tables.CustomerCategory)
TYPES = _table(tables.CustomerType)
INSIGHT = _table(tables.CustomerInsight)
TAGS = _table(tables.CustomerTag)
PAST = _table(tables.CustomerPast)
SAVED = _table(tables.SavedSegment)
COUPON = _table(tables.Coupon)
PROMOTION = _table(tables.Promotion)

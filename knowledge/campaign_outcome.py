"""What a campaign brought that began after it was forecast."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.engine import Engine
from sqlmodel import SQLModel

from shopwright.knowledge import tables

assert tables.Campaign.metadata is SQLModel.metadata  # noqa: S101 - importing the tables fills the metadata
TABLES = SQLModel.metadata.tables
CAMPAIGN, TARGET, REDEEMED = (TABLES[name].c for name in ("campaign", "campaign_target", "redemption"))
LAG_DAYS = 60  # a campaign that began within so many days may be the one that was forecast


def brought(engine: Engine, kind: str, at: datetime) -> dict[str, Any] | None:
    """Customers reached and coupons' users of the first campaign of a type that began after `at`.

    None where none began within `LAG_DAYS`, or it is not over. The shop does not store which campaign
    was meant, so it may be another one of the same type.
    """
    with engine.connect() as connection:
        last = connection.execute(select(func.max(TABLES["orders"].c.ordered_at))).scalar_one_or_none()
        if last is None:
            return None
        row = connection.execute(
            select(CAMPAIGN.id, CAMPAIGN.start_date)
            .where(
                CAMPAIGN.campaign_type == kind,
                CAMPAIGN.start_date > at.date(),
                CAMPAIGN.start_date <= at.date() + timedelta(days=LAG_DAYS),
                CAMPAIGN.end_date < last.date(),
            )
            .order_by(CAMPAIGN.start_date, CAMPAIGN.id)
            .limit(1)
        ).first()
        if row is None:
            return None
        reached = select(func.count()).where(TARGET.campaign_id == row.id, ~TARGET.holdout)
        users = select(func.count(REDEEMED.customer_id.distinct())).where(REDEEMED.campaign_id == row.id)
        sent, used = connection.execute(reached).scalar_one(), connection.execute(users).scalar_one()
    return {"days": (row.start_date - at.date()).days, "sent": sent, "used": used} if sent else None

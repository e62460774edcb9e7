"""Fitting the campaign forecast on the shop's past campaigns, and saving it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from shopwright.knowledge import saved
from shopwright.knowledge.campaign_features import Households, of_campaigns, of_everyone
from shopwright.knowledge.campaign_model import PENALTY, learn
from shopwright.knowledge.campaign_sales import sales_per_redeemer
from shopwright.knowledge.columns import CAMPAIGN, ORDERS, REDEMPTIONS, TARGETS
from shopwright.knowledge.fetch import Progress
from shopwright.knowledge.types import PastCampaign

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

NAME = "campaigns"
HISTORY_DAYS = 28
MIN_CAMPAIGNS = 4
MIN_REDEEMERS = 20


def fit_campaigns(shop: Shop, progress: Progress = lambda _step, _done, _total: None) -> None:
    """Fit on past campaigns and save.

    Raises LookupError when the shop has too few past campaigns with redemptions to learn from.
    """
    today = shop.today.date()
    with shop.engine.connect() as connection:
        past = past_campaigns(connection, today)
        first: date = connection.execute(select(func.min(ORDERS.c.ordered_at))).scalar_one().date()
        usable = [c for c in past if c.start_date >= first + timedelta(days=HISTORY_DAYS)]
        if len(usable) < MIN_CAMPAIGNS or sum(c.redeemers for c in usable) < MIN_REDEEMERS:
            raise LookupError(
                f"There is too little to learn a campaign forecast from: it takes {MIN_CAMPAIGNS} campaigns "
                f"that ended, {HISTORY_DAYS} days of orders before them "
                f"and {MIN_REDEEMERS} redeemers; "
                f"found {len(usable)} campaigns with {sum(c.redeemers for c in usable)} redeemers. "
                "Import past campaigns first."
            )
        progress("campaigns: customers before each campaign", 0, 2)
        sent = of_campaigns(connection, [c.campaign_id for c in usable])
        progress("campaigns: customers before each campaign", 1, 2)
        everyone = of_everyone(connection, today + timedelta(days=1))
        progress("campaigns: customers before each campaign", 2, 2)
        redeemed = _redeemed(connection, sent)
        sales = sales_per_redeemer(connection)
    fit, figures = learn(past, usable, sent, redeemed, sales, progress)
    config = {"penalty": PENALTY, "history_days": HISTORY_DAYS, "as_of": today.isoformat()}
    fingerprint = saved.shop_fingerprint(shop.engine)
    with saved.saving(
        shop.model_dir(NAME), fingerprint=fingerprint, config=config, libraries=["numpy", "scikit-learn"]
    ) as draft:
        draft.path("model.json").write_text(fit.model_dump_json(), encoding="utf-8")
        np.savez(draft.path("customers.npz"), customers=everyone.customers, features=everyone.features)
        draft.figures.update(figures)


def past_campaigns(connection: Connection, today: date) -> list[PastCampaign]:
    """Campaigns that ended by `today` and were sent to someone, most recent first."""
    targeted = (
        select(TARGETS.c.campaign_id, func.count().label("targeted"))
        .where(TARGETS.c.holdout.is_(False))
        .group_by(TARGETS.c.campaign_id)
        .subquery()
    )
    redeemers_by = (
        select(REDEMPTIONS.c.campaign_id, func.count(REDEMPTIONS.c.customer_id.distinct()).label("redeemers"))
        .join(
            TARGETS,
            (TARGETS.c.campaign_id == REDEMPTIONS.c.campaign_id)
            & (TARGETS.c.customer_id == REDEMPTIONS.c.customer_id),
        )
        .where(TARGETS.c.holdout.is_(False))
        .group_by(REDEMPTIONS.c.campaign_id)
        .subquery()
    )
    query = (
        select(CAMPAIGN, targeted.c.targeted, func.coalesce(redeemers_by.c.redeemers, 0).label("redeemers"))
        .join(targeted, targeted.c.campaign_id == CAMPAIGN.c.id)
        .outerjoin(redeemers_by, redeemers_by.c.campaign_id == CAMPAIGN.c.id)
        .where(CAMPAIGN.c.end_date <= today)
        .order_by(CAMPAIGN.c.start_date.desc(), CAMPAIGN.c.id.desc())
    )
    return [
        PastCampaign(
            campaign_id=row["id"],
            campaign_type=row["campaign_type"],
            start_date=row["start_date"],
            end_date=row["end_date"],
            targeted=row["targeted"],
            redeemers=row["redeemers"],
            rate=row["redeemers"] / row["targeted"],
        )
        for row in connection.execute(query).mappings()
    ]


def _redeemed(connection: Connection, sent: Households) -> NDArray[np.bool_]:
    query = select(REDEMPTIONS.c.campaign_id, REDEMPTIONS.c.customer_id).distinct()
    pairs = {(row[0], row[1]) for row in connection.execute(query)}
    return np.array([pair in pairs for pair in zip(sent.campaigns, sent.customers, strict=True)], dtype=bool)

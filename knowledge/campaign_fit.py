"""Fitting the campaign forecast on the shop's past campaigns, and saving it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from shopwright.knowledge import saved
from shopwright.knowledge.campaign_features import FEATURES, THEMES, features, planned_features
from shopwright.knowledge.campaign_history import (
    Assortment,
    Coupons,
    History,
    Sent,
    chunks,
    customers_to_read,
    read_assortment,
    read_campaigns,
    read_coupons,
)
from shopwright.knowledge.campaign_model import (
    CampaignFit,
    Pairs,
    Rolled,
    TypeFit,
    latest_auc,
    left_out,
    roll,
    stretch_from,
    train,
    usual_days,
)
from shopwright.knowledge.campaign_offer import DEEPEST, Offer, usual_depths
from shopwright.knowledge.campaign_regression import PRIOR, TYPE_PRIOR, Regression
from shopwright.knowledge.campaign_sales import Sales, sales_per_redeemer
from shopwright.knowledge.campaign_spread import luck_of
from shopwright.knowledge.columns import CAMPAIGN, CUSTOMER, ORDERS, REDEMPTIONS, TARGETS
from shopwright.knowledge.demand_prices import usual_elasticity
from shopwright.knowledge.fetch import Progress
from shopwright.knowledge.types import PastCampaign

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

NAME = "campaigns"
HISTORY_DAYS = 28
MIN_CAMPAIGNS = 4
MIN_REDEEMERS = 20
MOST_CUSTOMERS = 100_000  # scored, drawn by a fixed seed from a larger shop
MOST_PAIRS = 200_000  # learned from, likewise
EXAMPLES = 3  # latest campaigns of a type whose coupons stand for a planned one's

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Material:
    """What the model learns from: past campaigns, their customers, and everyone as of now by type."""

    past: list[PastCampaign]
    usable: list[PastCampaign]
    pairs: Pairs
    customers: NDArray[np.int64]
    planned: dict[str, Floats]
    timing: dict[str, list[float]]


def fit_campaigns(shop: Shop, progress: Progress = lambda _step, _done, _total: None) -> None:
    """Fit on past campaigns and save.

    Reads at most MOST_CUSTOMERS customers, a chunk at a time. Raises LookupError when the shop has too
    few past campaigns with redemptions to learn from.
    """
    material = read_material(shop, progress, planned=True)
    with shop.engine.connect() as connection:
        sales = sales_per_redeemer(connection)
        depths, elasticity = usual_depths(connection), usual_elasticity(connection)
        consent = _consent(connection)
    rolled = []
    for one in roll(material.pairs, material.usable, material.past):
        rolled.append(one)
        progress("campaigns: forecasting each from earlier ones", len(rolled), len(material.usable))
    kinds = {c.campaign_id: c.campaign_type for c in material.usable}
    model = train(material.pairs, kinds, material.pairs.of(list(kinds)))
    fit = _fit(
        material,
        rolled,
        model,
        sales,
        {k: _offer(depths.get(k), elasticity) for k in kinds.values()},
        consent,
    )
    config = {
        "prior": PRIOR,
        "type_prior": TYPE_PRIOR,
        "history_days": HISTORY_DAYS,
        "as_of": shop.today.date().isoformat(),
    }
    with saved.saving(
        shop.model_dir(NAME),
        fingerprint=saved.shop_fingerprint(shop.engine),
        config=config,
        libraries=["numpy", "scipy"],
    ) as draft:
        draft.path("model.json").write_text(fit.model_dump_json(), encoding="utf-8")
        odds, themes = _scores(model, material.planned, [kind.key for kind in fit.types])
        np.savez(draft.path("customers.npz"), customers=material.customers, log_odds=odds, themes=themes)
        draft.figures.update(_figures(material, rolled, fit))


def read_material(shop: Shop, progress: Progress, *, planned: bool) -> Material:
    """Past campaigns with their customers' features; `planned`: also everyone's, for campaigns to come."""
    today = shop.today.date()
    with shop.engine.connect() as connection:
        past = past_campaigns(connection, today)
        usable = _usable(connection, past)
        campaigns, assortment = read_campaigns(connection), read_assortment(connection)
        coupons = read_coupons(connection, assortment)
        customers, everyone = customers_to_read(connection, MOST_CUSTOMERS)
        reader = _Reader(usable, campaigns, assortment, coupons, today if planned else None)
        progress("campaigns: customers before each campaign", 0, len(customers))
        for history in chunks(connection, customers, everyone):
            reader.take(history)
            progress("campaigns: customers before each campaign", len(reader.seen), len(customers))
    return Material(past, usable, reader.pairs(), customers, reader.everyone(), reader.timing())


class _Reader:
    """Gathers the features of one chunk of customers after the other."""

    def __init__(
        self,
        usable: list[PastCampaign],
        campaigns: list[Sent],
        assortment: Assortment,
        coupons: dict[int, Coupons],
        today: date | None,
    ) -> None:
        self._campaigns, self._assortment, self._coupons, self._today = campaigns, assortment, coupons, today
        wanted = {c.campaign_id for c in usable}
        self._sent = [c for c in campaigns if c.campaign_id in wanted]
        self._parts: list[Pairs] = []
        self._planned: dict[str, list[Floats]] = defaultdict(list)
        self._offsets: dict[str, list[int]] = defaultdict(list)
        self.seen: list[int] = []

    def take(self, history: History) -> None:
        """Count this chunk's customers."""
        for sent in self._sent:
            aimed = (history.target_campaign == sent.campaign_id) & ~history.target_holdout
            rows = np.unique(history.target_customer[aimed])
            used = history.redeem_campaign == sent.campaign_id
            found = features(
                history, rows, sent, self._campaigns, self._assortment, self._coupons.get(sent.campaign_id)
            )
            redeemed = np.isin(rows, history.redeem_customer[used])
            self._parts.append(
                Pairs(np.full(len(rows), sent.campaign_id), history.ids[rows], found, redeemed)
            )
            days = np.full(len(history.ids), np.iinfo(np.int64).max)
            np.minimum.at(days, history.redeem_customer[used], history.redeem_day[used] - sent.start)
            self._offsets[sent.campaign_type] += days[rows[redeemed]].tolist()
        if self._today is not None:
            day = self._today.toordinal() + 1
            for kind, matrix in planned_features(
                history, day, self._examples(), self._campaigns, self._assortment
            ).items():
                self._planned[kind].append(matrix.astype(np.float32))
        self.seen += history.ids.tolist()

    def _examples(self) -> dict[str, list[Coupons]]:
        """The coupons of each type's latest campaigns."""
        found: dict[str, list[Coupons]] = {sent.campaign_type: [] for sent in self._sent}
        for sent in reversed(self._sent):
            if sent.campaign_id in self._coupons and len(found[sent.campaign_type]) < EXAMPLES:
                found[sent.campaign_type].append(self._coupons[sent.campaign_id])
        return found

    def pairs(self) -> Pairs:
        """All pairs, or MOST_PAIRS of them drawn by a fixed seed."""
        whole = Pairs(
            np.concatenate([part.campaign for part in self._parts]),
            np.concatenate([part.customer for part in self._parts]),
            np.vstack([part.features for part in self._parts]),
            np.concatenate([part.redeemed for part in self._parts]),
        )
        if len(whole.campaign) <= MOST_PAIRS:
            return whole
        kept = np.random.default_rng(0).choice(len(whole.campaign), MOST_PAIRS, replace=False)
        return Pairs(whole.campaign[kept], whole.customer[kept], whole.features[kept], whole.redeemed[kept])

    def everyone(self) -> dict[str, Floats]:
        """Features of every customer by type; empty where none were asked for."""
        return {kind: np.vstack(parts) for kind, parts in self._planned.items()}

    def timing(self) -> dict[str, list[float]]:
        """By type, the share of redeemers who had redeemed by day 1, 2, ... ; counted at the first use."""
        found = {}
        for kind, days in self._offsets.items():
            counts = np.bincount(np.clip(np.array(days, dtype=np.int64), 0, 400)) if days else np.empty(0)
            found[kind] = (np.cumsum(counts) / max(1, counts.sum())).tolist()
        return found


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


def _usable(connection: Connection, past: list[PastCampaign]) -> list[PastCampaign]:
    """The past campaigns with HISTORY_DAYS of orders before them; LookupError when they are too few."""
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
    return usable


def _consent(connection: Connection) -> bool:
    """Whether the shop records consent at all: someone has given it."""
    query = select(func.count()).select_from(CUSTOMER).where(CUSTOMER.c.consent_marketing.is_(True))
    return bool(connection.execute(query).scalar_one())


def _offer(depth: float | None, elasticity: tuple[float, float] | None) -> Offer:
    known = Offer() if depth is None else Offer(depth=min(depth, DEEPEST))
    if elasticity is None:
        return known
    return known._replace(elasticity=elasticity[0], doubt=elasticity[1], learned=True)


def _fit(
    material: Material,
    rolled: Sequence[Rolled],
    model: Regression,
    sales: dict[str, tuple[Sales | None, Sales | None]],
    offers: dict[str, Offer],
    consent: bool,
) -> CampaignFit:
    shifts, stretch = left_out(material.pairs, material.usable), stretch_from(rolled)
    types = []
    for key in sorted({c.campaign_type for c in material.usable}):
        own = [c for c in material.past if c.campaign_type == key]
        revenue, cost = sales.get(key, (None, None))
        types.append(
            TypeFit(
                key=key,
                past=own,
                days=usual_days(own),
                luck=luck_of(shifts, key, stretch),
                fitted=sum(c.campaign_type == key for c in material.usable),
                revenue=revenue,
                cost=cost,
                offer=offers[key],
                timing=material.timing.get(key, []),
            )
        )
    return CampaignFit(
        types=types,
        themes=list(THEMES),
        intercept=model.intercept,
        covered=sum(one.covered80 for one in rolled),
        checked=len(rolled),
        consent=consent,
        customers=len(material.customers),
    )


def _scores(model: Regression, planned: dict[str, Floats], keys: list[str]) -> tuple[Any, Any]:
    """Log-odds, shape (types, customers), and what each theme adds to them, (types, customers, themes)."""
    columns = [[FEATURES.index(name) for name in names] for names in THEMES.values()]
    odds, themes = [], []
    for key in keys:
        matrix = planned[key].astype(np.float64)
        added = model.contributions(matrix)
        odds.append(model.log_odds(matrix, key).astype(np.float32))
        themes.append(np.column_stack([added[:, place].sum(axis=1) for place in columns]).astype(np.float32))
    return np.array(odds), np.array(themes)


def _figures(material: Material, rolled: Sequence[Rolled], fit: CampaignFit) -> dict[str, Any]:
    sizes = np.array([one.campaign.targeted for one in rolled], dtype=float)
    errors = np.array([abs(one.mean - one.real) for one in rolled])
    return {
        "holdout_auc": latest_auc(material.pairs, material.usable),
        "campaigns": len(material.usable),
        "targeted": len(material.pairs.redeemed),
        "redeemers": int(material.pairs.redeemed.sum()),
        "rate_error_points": round(100 * float(np.average(errors, weights=sizes)), 3)
        if len(rolled)
        else None,
        "covered_by_80_percent_intervals": f"{fit.covered} of {fit.checked}",
        "covered_by_95_percent_intervals": f"{sum(one.covered95 for one in rolled)} of {fit.checked}",
        "spread_by_type": {kind.key: round(kind.luck.spread, 3) for kind in fit.types},
    }

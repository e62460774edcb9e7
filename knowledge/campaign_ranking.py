"""Whom to send a campaign to, and whom not: customers by expected margin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from shopwright.knowledge import campaign_notes as notes
from shopwright.knowledge.campaign_model import TypeFit
from shopwright.knowledge.campaign_offer import effect
from shopwright.knowledge.campaign_simulation import sigmoid
from shopwright.knowledge.campaign_themes import drivers
from shopwright.knowledge.campaign_types import AudienceRanking, Decile, RankedCustomer
from shopwright.knowledge.campaigns import ForecastError
from shopwright.knowledge.columns import CUSTOMER
from shopwright.knowledge.types import CustomerFilter

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

TENTHS = 10

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def rank_audience(
    shop: Shop,
    *,
    filter: CustomerFilter | None = None,
    campaign_type: str | None = None,
    discount_percent: float | None = None,
    top: int = 10,
    margin: float | None = None,
    contact_cost: float | None = None,
) -> AudienceRanking:
    """Customers of `filter` by what sending to them is expected to bring: the `top` best and worst.

    The expected margin is the probability of redeeming times the margin of a redeemer's baskets less
    their discount, less the cost of contact; margin and cost are the settings' where none are given.
    Customers who did not agree to marketing are never among the best; an audience
    below the threshold of k-anonymity is not listed.
    Raises ForecastError for an empty audience or an unknown type, SavedModelError when not fitted.
    """
    margin = shop.settings.gross_margin if margin is None else margin
    contact_cost = shop.settings.contact_cost if contact_cost is None else contact_cost
    forecaster = shop.campaigns
    kind, group = forecaster.kind(campaign_type), forecaster.group(filter)
    if not len(group.places):
        raise ForecastError("The audience is empty: no customer matches.", "没有符合条件的客户，受众为空。")
    odds = forecaster.log_odds(kind.key)[group.places]
    if discount_percent is not None:
        odds = odds + effect(kind.offer, discount_percent)[0]
    chance, ids = sigmoid(odds), forecaster.customers[group.places]
    worth = _worth(kind, discount_percent, margin)
    expected = chance * worth - contact_cost
    consent = _consenting(shop, ids)
    order = np.lexsort((ids, -expected))
    added = forecaster.themes(kind.key)
    beside = added[group.places] - added.mean(axis=0)

    def customers(places: Any) -> list[RankedCustomer]:
        return [
            RankedCustomer(
                customer_id=int(ids[at]),
                probability=float(chance[at]),
                margin=float(expected[at]),
                consent=bool(consent[at]),
                drivers=drivers(forecaster.fit.themes, beside[at])[:2],
            )
            for at in places
        ]

    fewest = max(1, shop.settings.k_anonymity)
    shown = len(ids) >= fewest
    said = [notes.not_causal(), notes.buy_anyway()]
    if not shown:
        said.append(notes.too_few_to_list(fewest))
    said.append(notes.assumed_costs(margin, contact_cost, shop.settings.currency))
    if not consent.any():
        said.append(notes.consent_unknown())
    if len(group.places) < group.members:
        said.append(notes.sampled(len(group.places), group.members))
    return AudienceRanking(
        campaign_type=kind.key,
        audience=group.members,
        scored=len(ids),
        send=int((consent & (expected > 0)).sum()),
        no_consent=int((~consent).sum()),
        unprofitable=int((consent & (expected <= 0)).sum()),
        break_even=min(1.0, contact_cost / worth) if worth > 0 else 1.0,
        margin_share=margin,
        contact_cost=contact_cost,
        best=customers([at for at in order if consent[at] and expected[at] > 0][:top] if shown else []),
        worst=customers(order[::-1][:top] if shown else []),
        deciles=_deciles(chance[order], expected[order], fewest) if shown else [],
        notes=[en for en, _ in said],
        notes_zh=[zh for _, zh in said],
    )


def _worth(kind: TypeFit, discount_percent: float | None, margin: float) -> float:
    """Margin of a redeemer's baskets less the discount in them."""
    revenue = 0.0 if kind.revenue is None else float(np.exp(kind.revenue.log_mean))
    if discount_percent is not None:
        return revenue * (margin - discount_percent / 100)
    return revenue * margin - (0.0 if kind.cost is None else float(np.exp(kind.cost.log_mean)))


def _consenting(shop: Shop, ids: NDArray[np.int64]) -> Bools:
    with shop.engine.connect() as connection:
        agreed = connection.execute(select(CUSTOMER.c.id).where(CUSTOMER.c.consent_marketing.is_(True)))
        found: Bools = np.isin(ids, np.array(agreed.scalars().all(), dtype=np.int64))
    return found


def _deciles(chance: Floats, expected: Floats, fewest: int) -> list[Decile]:
    """Tenths of the audience, best first; larger parts where a tenth is fewer than `fewest` customers."""
    whole = max(float(chance.sum()), 1e-12)
    return [
        Decile(
            customers=len(part),
            probability=float(chance[part].mean()),
            share_of_redeemers=float(chance[part].sum() / whole),
            margin=float(expected[part].sum()),
        )
        for part in np.array_split(np.arange(len(chance)), max(1, min(TENTHS, len(chance) // fewest)))
    ]

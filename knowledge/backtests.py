"""How good each learned model is on what it has not seen: backtests and audits by name.

A backtest fits anew on what lies before a cut in time and judges on what comes after it, beside simple
rules on the same split. Each stands in a module of its own, which is imported when it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from shopwright.knowledge.fetch import Progress

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

BACKTESTS = {
    "recommender": "recommend_backtest",
    "campaigns": "campaign_backtest",
    "customers": "customer_backtest",
    "sentiment": "sentiment_backtest",
}


def backtest(name: str, shop: Shop, progress: Progress) -> dict[str, Any]:
    """The figures of the model `name` (a key of BACKTESTS) and of its baselines, as JSON values.

    Raises LookupError when the shop has too little data to set any aside.
    """
    found: dict[str, Any] = import_module(f"shopwright.knowledge.{BACKTESTS[name]}").backtest(shop, progress)
    return found


def audit_recommendations(shop: Shop, progress: Progress) -> dict[str, Any]:
    """How recommendations spread over brand types and departments, beside what is offered and bought."""
    from shopwright.knowledge.recommend_audit import audit

    return audit(shop, progress)

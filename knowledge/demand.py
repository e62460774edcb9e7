"""Sales to come, by week, for the whole shop or a part of its assortment: for planning dates.

Several ways of forecasting are tried on the last weeks, each from what was known before (rolling origin):
exponential smoothing chosen by information criterion (AutoETS; Hyndman and others, 2002), Theta
(Assimakopoulos and Nikolopoulos, 2000), repetition of last year or of last week, and a plain mean. The one
with the smallest mean absolute error is used. Its intervals are the quantiles of its own errors in those
trials, by how far ahead they were, where there are enough; they are widened for being few.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from sqlalchemy import Integer, cast, func, literal, select

from shopwright.knowledge.columns import LINES, ORDERS, PRODUCT
from shopwright.knowledge.demand_prices import MONDAY, within
from shopwright.knowledge.stats import days_between
from shopwright.knowledge.types import Frozen, Interval, Scope

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

MIN_WEEKS = 12
SEASON = 52
ORIGINS = 8  # weeks from which trial forecasts are made
MOST_WEEKS = 26

Floats = NDArray[np.float64]


class SalesWeek(Frozen):
    """A week's sales: from its Monday."""

    start: date
    sales: float


class SalesForecast(Frozen):
    """Sales by week to come, with 80% and 95% intervals; `total` is of all weeks together."""

    label: str
    label_zh: str
    history: list[SalesWeek]
    starts: list[date]
    weeks: list[Interval]
    total: Interval
    method: str = Field(description="Key of METHODS.")
    error_share: float = Field(description="Mean absolute error of the trials over mean sales.")
    naive_error_share: float = Field(description="The same for repeating the last week.")
    trials: int
    notes: list[str]
    notes_zh: list[str]


METHODS = {
    "ets": ("exponential smoothing", "指数平滑"),
    "theta": ("the Theta method", "Theta 方法"),
    "naive": ("repeating the last week", "沿用上一周"),
    "year": ("repeating last year", "沿用去年同期"),
    "mean": ("the mean of the last eight weeks", "最近八周均值"),
}


@dataclass(frozen=True)
class _Tried:
    method: str
    errors: Floats
    """Trial errors as a share of the forecast, shape (origins, weeks ahead); NaN where unknown."""
    mae: float


def forecast_sales(shop: Shop, scope: Scope | None = None, weeks: int = 8) -> SalesForecast:
    """Sales of the next `weeks` whole weeks after the shop's last day, at most MOST_WEEKS.

    Raises LookupError with fewer than MIN_WEEKS whole weeks of sales, ValueError for a bad number of weeks.
    """
    if not 1 <= weeks <= MOST_WEEKS:
        raise ValueError(f"Sales are forecast for 1 to {MOST_WEEKS} weeks ahead.")
    key = None if scope is None else scope.model_dump_json()
    starts, values = _weekly(shop, scope)
    if len(values) < MIN_WEEKS:
        what = "the shop" if scope is None else f"'{scope.label}'"
        raise LookupError(
            f"There is too little to forecast from: it takes {MIN_WEEKS} whole weeks of sales, and {what} "
            f"has {len(values)}."
        )
    return _forecast(key, tuple(starts), tuple(values.tolist()), weeks)


@lru_cache(maxsize=64)
def _forecast(
    key: str | None, starts: tuple[date, ...], known: tuple[float, ...], weeks: int
) -> SalesForecast:
    values = np.array(known)
    tried = [_try(method, values, weeks) for method in _methods(len(values))]
    naive = next(one for one in tried if one.method == "naive")
    best = min(tried, key=lambda one: one.mae)
    points = np.maximum(0.0, _point(best.method, values, weeks))
    found = [_interval(float(point), _spread(best.errors, ahead)) for ahead, point in enumerate(points)]
    scale = max(1e-9, float(values[-ORIGINS:].mean()))
    scope = None if key is None else Scope.model_validate_json(key)
    said = _notes(len(values), best.method)
    return SalesForecast(
        label="all sales" if scope is None else scope.label,
        label_zh="全店销售额" if scope is None else scope.label_zh,
        history=[SalesWeek(start=start, sales=value) for start, value in zip(starts, known, strict=True)],
        starts=[starts[-1] + timedelta(weeks=ahead) for ahead in range(1, weeks + 1)],
        weeks=found,
        total=_interval(float(points.sum()), _total_spread(best.errors, points)),
        method=best.method,
        error_share=best.mae / scale,
        naive_error_share=naive.mae / scale,
        trials=int(np.isfinite(best.errors[:, 0]).sum()),
        notes=[en for en, _ in said],
        notes_zh=[zh for _, zh in said],
    )


def _weekly(shop: Shop, scope: Scope | None) -> tuple[list[date], Floats]:
    """Mondays and sales of every whole week between the shop's first and last day; 0 where none."""
    with shop.engine.connect() as connection:
        dialect = connection.dialect.name
        week = cast(days_between(dialect, ORDERS.c.ordered_at, literal(MONDAY.isoformat())), Integer) // 7
        if scope is None:
            query = (
                select(week, func.sum(ORDERS.c.total)).where(ORDERS.c.status != "cancelled").group_by(week)
            )
        else:
            query = (
                select(week, func.sum(LINES.c.amount))
                .join(LINES, LINES.c.order_id == ORDERS.c.id)
                .join(PRODUCT, PRODUCT.c.id == LINES.c.product_id)
                .where(ORDERS.c.status != "cancelled", within(scope))
                .group_by(week)
            )
        sums = {int(row[0]): float(row[1] or 0.0) for row in connection.execute(query)}
        ends = connection.execute(select(func.min(ORDERS.c.ordered_at), func.max(ORDERS.c.ordered_at))).one()
    if not sums or ends[0] is None:
        return [], np.empty(0)
    first, last = -((MONDAY - ends[0].date()).days // 7), ((ends[1].date() - MONDAY).days + 1) // 7
    places = range(first, last)
    return [MONDAY + timedelta(weeks=place) for place in places], np.array([sums.get(p, 0.0) for p in places])


def _methods(length: int) -> list[str]:
    return ["naive", "mean", "ets", "theta", *(["year"] if length >= SEASON + ORIGINS + 1 else [])]


def _try(method: str, values: Floats, weeks: int) -> _Tried:
    """Forecast from each of the last ORIGINS weeks and compare with what came."""
    origins = min(ORIGINS, len(values) - MIN_WEEKS + 4)
    errors = np.full((origins, weeks), np.nan)
    missed = []
    for row in range(origins):
        cut = len(values) - origins + row
        ahead = min(weeks, len(values) - cut)
        points = np.maximum(0.0, _point(method, values[:cut], ahead))
        real = values[cut : cut + ahead]
        errors[row, :ahead] = (real - points) / np.maximum(points, 1e-9 + 0.05 * values.mean())
        missed += np.abs(real - points).tolist()
    return _Tried(method, errors, float(np.mean(missed)))


def _point(method: str, values: Floats, weeks: int) -> Floats:
    if method == "naive":
        return np.full(weeks, values[-1])
    if method == "mean":
        return np.full(weeks, values[-8:].mean())
    if method == "year":
        return np.array([values[len(values) - SEASON + ahead % SEASON] for ahead in range(weeks)])
    return np.nan_to_num(np.asarray(_model(method).forecast(values, weeks)["mean"], dtype=np.float64))


@lru_cache(maxsize=4)
def _model(method: str) -> Any:
    from statsforecast.models import AutoETS, Theta

    return AutoETS(season_length=1) if method == "ets" else Theta(season_length=1)


def _spread(errors: Floats, ahead: int) -> float:
    """Root mean square of the trial errors about as far ahead; it grows beyond what was tried."""
    near = errors[:, max(0, ahead - 1) : ahead + 2]
    known = near[np.isfinite(near)]
    if len(known) < 4:
        known = errors[np.isfinite(errors)]
        grown = np.sqrt(1 + max(0, ahead - 3) / 8)
    else:
        grown = 1.0
    # A few errors understate how far the next may be off: two more, as large as usual, and t-like width.
    few = np.sqrt((len(known) + 4) / max(1, len(known)))
    return float(np.sqrt(np.mean(known**2)) * few * grown) if len(known) else 0.3


def _total_spread(errors: Floats, points: Floats) -> float:
    """Of the sum: between errors that cancel and errors that all go together, half and half."""
    parts = np.array([_spread(errors, ahead) for ahead in range(len(points))]) * points
    whole = max(float(points.sum()), 1e-9)
    return float(0.5 * (np.sqrt((parts**2).sum()) + parts.sum()) / whole)


def _interval(point: float, spread: float) -> Interval:
    low, high, low95, high95 = (max(0.0, point * (1 + z * spread)) for z in (-1.2816, 1.2816, -1.96, 1.96))
    return Interval(mid=point, low=low, high=high, low95=low95, high95=high95)


def _notes(weeks: int, method: str) -> list[tuple[str, str]]:
    en, zh = METHODS[method]
    said = [
        (
            f"From {weeks} whole weeks of sales, by {en}: it came nearest in trials on the last weeks.",
            f"依据 {weeks} 个完整周的销售额，采用{zh}：在最近几周的试验中误差最小。",
        )
    ]
    if weeks < 2 * SEASON:
        said.append(
            (
                "With less than two years of data, yearly seasons and holidays cannot be told from trend.",
                "数据不足两年，无法区分年度季节、节假日与趋势。",
            )
        )
    return said

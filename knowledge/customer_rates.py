"""The spend to expect from plain rates: a weighing of several windows, with weights that are never negative.

Each rate alone is a forecast of the spend in VALUE_DAYS: that of the last 30 days, of the last 90, of the
whole history, with older days counting less, and the same from the rate of visits times the mean spend of
a visit, which one large basket moves less. Their weights minimise the absolute error (the median, by
iteratively reweighted least squares; Schlossmacher, JASA 1973) under the constraint that none is negative
(Lawson and Hanson, Solving Least Squares Problems, 1974), so that a rate never speaks against itself and
what was learned when the records were short holds when they are longer.
"""

from __future__ import annotations

import numpy as np

from shopwright.knowledge.customer_features import FADES, VALUE_DAYS, Floats, Measures, faded_length

RATE_WINDOWS = (30, 60, 90, 180)
VISIT_WINDOWS = (30, 90)
RATES = (
    *(f"spend_{days}" for days in RATE_WINDOWS),
    "whole_history",
    *(f"faded_spend_{days}" for days in FADES),
    *(f"faded_visits_{days}" for days in FADES),
    *(f"visits_{days}" for days in VISIT_WINDOWS),
)
"""Columns of the rates: each the spend in VALUE_DAYS at that rate."""
STEPS, LEAST_ERROR = 20, 5.0


def rates(m: Measures) -> Floats:
    """The forecasts that the windows give, (n, len(RATES)); never negative."""
    spend = np.maximum(m["spend"], 0)
    visit = spend / np.maximum(m["visits"], 1)
    columns = [np.maximum(m[f"spend_{days}"], 0) / min(days, m.cut) for days in RATE_WINDOWS]
    columns += [spend / np.maximum(m["tenure"], 30)]
    columns += [np.maximum(m[f"faded_spend_{days}"], 0) / faded_length(days, m.cut) for days in FADES]
    columns += [visit * m[f"faded_visits_{days}"] / faded_length(days, m.cut) for days in FADES]
    columns += [visit * m[f"visits_{days}"] / min(days, m.cut) for days in VISIT_WINDOWS]
    return VALUE_DAYS * np.column_stack(columns)


def weigh(columns: Floats, truth: Floats) -> Floats:
    """The weights (len(RATES),) with which `columns` come nearest to `truth` in absolute error."""
    from scipy.optimize import nnls

    weights: Floats = np.zeros(columns.shape[1])
    near = np.ones(len(truth))
    for _ in range(STEPS):
        root = np.sqrt(near)
        weights, _ = nnls(columns * root[:, None], truth * root)
        near = 1 / np.maximum(np.abs(truth - columns @ weights), LEAST_ERROR)
    return weights

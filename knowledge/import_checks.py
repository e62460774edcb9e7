"""Checking typed rows with pandera: required values, ranges, choices, texts, and orders of two columns."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrorReason, SchemaErrors

from shopwright.knowledge.import_parsing import BadCell
from shopwright.knowledge.import_schema import FIRST_YEAR, LAST_YEAR, Column, TableFile

_DTYPES = {
    "id": "Int64",
    "integer": "Int64",
    "number": "Float64",
    "date": "datetime64[us]",
    "time": "datetime64[us]",
    "flag": "boolean",
}
_HIDDEN = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]"
_EMAIL = r"[A-Za-z0-9._%+'\-]+@(?:[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}"
Test = Callable[[pd.Series], pd.Series]


def schema_of(table: TableFile, present: set[str]) -> pa.DataFrameSchema:
    """The pandera schema of those columns of `table` that a file has."""
    columns = {
        column.name: pa.Column(
            _DTYPES.get(column.kind, "str"),
            [pa.Check(test, error=code) for code, test in _tests(column)],
            nullable=not column.required,
        )
        for column in table.columns
        if column.name in present
    }
    pairs = [pair for pair in table.ordered if present.issuperset(pair)]
    checks = [pa.Check(_in_order(low, high), error=f"wrong_order:{low}:{high}") for low, high in pairs]
    return pa.DataFrameSchema(columns, checks=checks)


def check(schema: pa.DataFrameSchema, table: TableFile, frame: pd.DataFrame) -> list[tuple[str, BadCell]]:
    """Every cell of `frame` that breaks a rule, as (column, cell)."""
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        return [found for error in errors.schema_errors for found in _cells(table, error)]
    return []


def _cells(table: TableFile, error: Any) -> list[tuple[str, BadCell]]:
    if error.reason_code is SchemaErrorReason.SERIES_CONTAINS_NULLS:
        code, name = "missing", error.schema.name
    elif error.reason_code is SchemaErrorReason.DATAFRAME_CHECK and error.check.error:
        code, name = error.check.error, error.schema.name
    else:
        raise TypeError(f"the check of {table.name} itself failed: {error}")
    lines = [int(line) for line in dict.fromkeys(error.failure_cases["index"])]
    if code.startswith("wrong_order:"):
        code, low, name = code.split(":")
        return [(name, BadCell(line, code, low)) for line in lines]
    detail = _detail(code, table.by_name[name])
    return [(name, BadCell(line, code, detail)) for line in lines]


def _detail(code: str, column: Column) -> str:
    if code == "unknown_value":
        return ", ".join(column.choices)
    if code == "too_long":
        return f"{column.max_length:,}"
    if code == "out_of_range":
        if column.kind in ("date", "time"):
            return f"{FIRST_YEAR}-01-01 – {LAST_YEAR}-12-31"
        return " – ".join(f"{bound:,.0f}" for bound in column.bounds)
    return ""


def _tests(column: Column) -> list[tuple[str, Test]]:
    """The rules of one column, as (code, function that is true where a cell is right)."""
    if column.kind in ("id", "integer", "number"):
        low, high = column.bounds
        return [
            ("negative", lambda cells: cells >= 0),
            ("out_of_range", lambda cells: (cells < 0) | ((cells >= low) & (cells <= high))),
        ]
    if column.kind in ("date", "time"):
        return [("out_of_range", lambda cells: cells.dt.year.between(FIRST_YEAR, LAST_YEAR))]
    if column.kind == "choice":
        return [("unknown_value", lambda cells: cells.isin(column.choices))]
    if column.kind == "flag":
        return []
    tests: list[tuple[str, Test]] = [
        ("too_long", lambda cells: cells.str.len() <= column.max_length),
        ("control_characters", lambda cells: ~cells.str.contains(_HIDDEN)),
    ]
    if column.kind == "email":
        tests.append(("not_an_email", lambda cells: cells.str.fullmatch(_EMAIL)))
    return tests


def _in_order(low: str, high: str) -> Callable[[pd.DataFrame], pd.Series]:
    def test(frame: pd.DataFrame) -> pd.Series:
        return frame[low].isna() | frame[high].isna() | (frame[low] <= frame[high]).fillna(True)

    return test

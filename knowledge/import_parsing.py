"""From text cells to typed columns; a cell that is not of its column's type is reported and left empty."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from shopwright.knowledge.import_schema import Column, Kind

BLANKS = " \t\r\n\xa0\u3000\ufeff"
_FLAGS = {
    **dict.fromkeys(("true", "yes", "y", "t", "1", "1.0", "是", "真"), True),
    **dict.fromkeys(("false", "no", "n", "f", "0", "0.0", "否", "假"), False),
}
_WHOLE = r"[+-]?[0-9]+(?:\.0*)?"
_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf(?:inity)?|∞|无穷大?|#n/a|#div/0!|#num!)", re.IGNORECASE)
_DRESSING = re.compile(r"[\s$€£\u00a5\uffe5₩₹'’_元円块]|usd|eur|gbp|rmb|cny|jpy", re.IGNORECASE)
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:[,，][0-9]{3})+(?:\.[0-9]*)?")
_CONTINENTAL = re.compile(r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+),[0-9]+")
_MOMENT = (
    r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})"
    r"(?:[T ]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6})[0-9]{0,3})?)?"
    r" ?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell that could not be read: its line, and why."""

    line: int
    code: str
    detail: str = ""


Parsed = tuple[pd.Series, list[BadCell]]


def parse(column: Column, cells: pd.Series) -> Parsed:
    """Read `cells` (text, indexed by line) as `column`'s kind; empty cells become NA."""
    return _PARSERS[column.kind](column, cells)


def _present(cells: pd.Series) -> pd.Series:
    """The cells that hold something, without blanks around it."""
    trimmed = cells.str.strip(BLANKS)
    return trimmed[trimmed != ""]


def _items(cells: pd.Series) -> Iterator[tuple[int, str]]:
    return zip(map(int, cells.index), cells, strict=True)


def _whole(_column: Column, cells: pd.Series) -> Parsed:
    present = _present(cells)
    right = present.str.fullmatch(_WHOLE).astype(bool)
    digits = present[right].str.replace(r"\.0*$", "", regex=True)
    long = digits.str.len() > 18
    values = pd.Series(pd.NA, index=cells.index, dtype="Int64")
    short = digits[~long]
    values.loc[short.index] = pd.to_numeric(short).astype("Int64")
    bad = [BadCell(line, *_why_no_number(text, whole=True)) for line, text in _items(present[~right])]
    for line, text in _items(digits[long]):
        # No number of 64 bits has more digits; Python refuses to read some thousands of them.
        number = int(text) if len(text.lstrip("+-0")) < 20 else 2**64
        if -(2**63) <= number < 2**63:
            values.at[line] = number
        else:
            bad.append(BadCell(line, "too_large"))
    return values, bad


def _number(_column: Column, cells: pd.Series) -> Parsed:
    present = _present(cells)
    right = present.str.fullmatch(_NUMBER).astype(bool)
    numbers = pd.Series([float(text) for text in present[right]], index=present.index[right], dtype="float64")
    finite = numbers.abs() < float("inf")
    values = pd.Series(pd.NA, index=cells.index, dtype="Float64")
    values.loc[numbers.index[finite]] = numbers[finite]
    bad = [BadCell(line, *_why_no_number(text, whole=False)) for line, text in _items(present[~right])]
    bad += [BadCell(line, "too_large") for line, _ in _items(numbers[~finite])]
    return values, bad


def _why_no_number(text: str, whole: bool) -> tuple[str, str]:
    if _NOT_FINITE.fullmatch(text):
        return "not_finite", ""
    if whole and re.fullmatch(_NUMBER, text):
        return "not_whole", ""
    bare = _DRESSING.sub("", text[:100])
    if _THOUSANDS.fullmatch(bare):
        bare = bare.replace(",", "").replace("，", "")
    elif _CONTINENTAL.fullmatch(bare):
        bare = bare.replace(".", "").replace(",", ".")
    if bare != text and re.fullmatch(_NUMBER, bare):
        return "number_format", bare
    return "not_a_number", ""


def _time(_column: Column, cells: pd.Series) -> Parsed:
    return _moments(cells, time=True)


def _date(_column: Column, cells: pd.Series) -> Parsed:
    return _moments(cells, time=False)


def _moments(cells: pd.Series, time: bool) -> Parsed:
    """Dates and times as written; a zone is left out. A date may carry the time 00:00 only."""
    present = _present(cells)
    parts = present.str.extract(f"^{_MOMENT}$")
    year, month, day, hour, minute, second, fraction = (parts[at] for at in range(7))
    text = year + "-" + month.str.zfill(2) + "-" + day.str.zfill(2)
    text += "T" + hour.fillna("00").str.zfill(2) + ":" + minute.fillna("00")
    text += ":" + second.fillna("00") + "." + fraction.fillna("0")
    moments = pd.Series(np.array([_moment(one) for one in text], dtype="datetime64[us]"), index=present.index)
    if not time:
        moments = moments.where(moments == moments.dt.normalize())
    values = pd.Series(pd.NaT, index=cells.index, dtype="datetime64[us]")
    right = moments.notna()
    values.loc[moments.index[right]] = moments[right]
    return values, [BadCell(line, "not_a_date") for line, _ in _items(moments[~right])]


def _moment(text: object) -> datetime | None:
    """The moment that ISO 8601 text says; None where it says none, such as the 30th of February."""
    if not isinstance(text, str):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def has_zone(cells: pd.Series) -> bool:
    """Whether a time among `cells` names a time zone."""
    return bool(cells.str.contains(r"[0-9]:[0-9.:]+ ?(?:Z|[+-][0-9]{2}:?[0-9]{2})$").any())


def _flag(_column: Column, cells: pd.Series) -> Parsed:
    present = _present(cells).str.lower()
    flags = present.map(_FLAGS)
    values = pd.Series(pd.NA, index=cells.index, dtype="boolean")
    right = flags.notna()
    values.loc[flags.index[right]] = flags[right].astype("boolean")
    return values, [BadCell(line, "not_a_flag") for line, _ in _items(flags[~right])]


def _choice(_column: Column, cells: pd.Series) -> Parsed:
    return _present(cells).str.lower().reindex(cells.index), []


def _short_text(_column: Column, cells: pd.Series) -> Parsed:
    """A line break within a short text, as spreadsheets allow, becomes a blank."""
    return _present(cells).str.replace(r"[\r\n\t]+", " ", regex=True).reindex(cells.index), []


def _long_text(_column: Column, cells: pd.Series) -> Parsed:
    return _present(cells).str.replace(r"\r\n?", "\n", regex=True).reindex(cells.index), []


_PARSERS: dict[Kind, Callable[[Column, pd.Series], Parsed]] = {
    "id": _whole,
    "integer": _whole,
    "number": _number,
    "date": _date,
    "time": _time,
    "text": _short_text,
    "long_text": _long_text,
    "choice": _choice,
    "flag": _flag,
    "email": _short_text,
}

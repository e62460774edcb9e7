"""Which days a Period means, seen from a given day.

The calendar rules:
- 'The last N days' are N calendar days that end with the shop's last day, that day included.
- Weeks run from Monday to Sunday; quarters begin in January, April, July and October.
- 'This' week, month, quarter or year is the one that the shop's last day lies in, up to that day.
- Seasons are those of meteorologists in the northern hemisphere: spring March to May, summer June to
  August, autumn September to November, winter December to February, named after the year it begins in.
- A season, a month or a quarter without a year is the latest that had begun by the shop's last day.
"""

from calendar import monthrange
from datetime import date, timedelta

from shopwright.knowledge.types import Period

SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "winter": 12}
SEASONS_ZH = {"spring": "春季", "summer": "夏季", "autumn": "秋季", "winter": "冬季"}
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december",
)  # fmt: skip
QUARTERS = ("q1", "q2", "q3", "q4")
CALENDAR_NAMES = (*SEASONS, *MONTHS, *QUARTERS)
"""The names that `calendar_period` knows, besides years."""

Span = tuple[date | None, date | None]


def span(period: Period | None, today: date) -> Span:
    """First and last day of the period, both included; None: open. `before` is applied."""
    if period is None:
        return None, None
    start, end = _inside(period, today)
    return (None, start - timedelta(days=1)) if period.before and start is not None else (start, end)


def _inside(period: Period, today: date) -> Span:
    if period.days is not None:
        return today - timedelta(days=period.days - 1), None
    if period.named is not None:
        which, unit = period.named.split("_")
        start = _begin(unit, today)
        return (
            (start, None)
            if which == "this"
            else (_begin(unit, start - timedelta(days=1)), start - timedelta(days=1))
        )
    return period.start, period.end


def _begin(unit: str, day: date) -> date:
    """The first day of the week, month, quarter or year that the day lies in."""
    if unit == "week":
        return day - timedelta(days=day.weekday())
    if unit == "month":
        return day.replace(day=1)
    if unit == "quarter":
        return day.replace(month=3 * ((day.month - 1) // 3) + 1, day=1)
    return day.replace(month=1, day=1)


def calendar_period(name: str, year: int | None, today: date) -> Period:
    """A season, month or quarter by name, or a whole year (name ''), as fixed days with its label.

    Raises ValueError for a name that the calendar does not have.
    """
    if not name:
        if year is None:
            raise ValueError("A year, or the name of a season, month or quarter, is needed.")
        return Period(start=date(year, 1, 1), end=date(year, 12, 31), label=f"{year}", label_zh=f"{year}年")
    first, months = _first_month(name)
    if year is None:
        year = today.year if date(today.year, first, 1) <= today else today.year - 1
    last_month, last_year = (first + months - 2) % 12 + 1, year + (first + months - 2) // 12
    end = date(last_year, last_month, monthrange(last_year, last_month)[1])
    return Period(
        start=date(year, first, 1), end=end, label=f"{_english(name)} {year}", label_zh=_chinese(name, year)
    )


def _first_month(name: str) -> tuple[int, int]:
    if name in SEASONS:
        return SEASONS[name], 3
    if name in MONTHS:
        return MONTHS.index(name) + 1, 1
    if name in QUARTERS:
        return 3 * QUARTERS.index(name) + 1, 3
    raise ValueError(f"The calendar has no '{name}'. It has: {', '.join(CALENDAR_NAMES)}.")


def _english(name: str) -> str:
    return name.upper() if name in QUARTERS else name.capitalize() if name in MONTHS else name


def _chinese(name: str, year: int) -> str:
    if name in SEASONS:
        return f"{year}年{SEASONS_ZH[name]}"
    return (
        f"{year}年{MONTHS.index(name) + 1}月"
        if name in MONTHS
        else f"{year}年第{QUARTERS.index(name) + 1}季度"
    )


def month_ends(first: date, last: date, most: int) -> list[date]:
    """The last days of months from `first` to before `last`, the latest `most` of them, oldest first."""
    found: list[date] = []
    day = last.replace(day=1) - timedelta(days=1)
    while day >= first and len(found) < most:
        found.append(day)
        day = day.replace(day=1) - timedelta(days=1)
    return found[::-1]

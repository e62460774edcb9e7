"""How big a generated shop is to be: the one place that its size, span and seed are written."""

from dataclasses import asdict, dataclass
from datetime import date

VERSION = 1
"""Raise it when the same plan should give another shop."""


@dataclass(frozen=True)
class BigShop:
    """A shop to generate: `lines` is met within a percent or two, the rest exactly."""

    customers: int
    lines: int
    seed: int = 1
    first_day: date = date(2023, 1, 1)
    days: int = 731
    lines_an_order: int = 10

    @property
    def products(self) -> int:
        """Twenty thousand, fewer in a very small shop."""
        return min(20_000, max(200, self.lines // 20))

    @property
    def orders(self) -> int:
        """Baskets in all."""
        return max(1, self.lines // self.lines_an_order)

    @property
    def fingerprint(self) -> str:
        """What tells this shop from any other."""
        facts = asdict(self) | {"first_day": self.first_day.isoformat(), "version": VERSION}
        return ", ".join(f"{name} {value}" for name, value in facts.items())

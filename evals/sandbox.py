"""Where cases run: a throwaway copy of the shop, whose every change is seen and undone."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from shopwright.agent.assistant import Assistant
from shopwright.agent.engines.base import Engine
from shopwright.evals.errors import EvalError
from shopwright.evals.records import Change
from shopwright.knowledge.copying import CopyError, copied
from shopwright.knowledge.database import migrate
from shopwright.knowledge.journal import Journal
from shopwright.knowledge.query import read
from shopwright.knowledge.seeding import SeedError, seed
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop

CHAT_RECORDS = frozenset(("conversation", "message", "audit_event"))
BUSY = 5  # orders that the evaluation's own customer has at least


class Sandbox:
    """A shop of one's own with an assistant. Not for several threads: changes are told by time."""

    def __init__(self, settings: Settings, engine: Engine | None) -> None:
        self.shop = Shop(settings)
        migrate(self.shop.engine)
        self._engine = engine
        self._journal = Journal(self.shop.engine)
        self._mark = self._journal.mark()

    @cached_property
    def assistant(self) -> Assistant:
        """The assistant over this shop; made after seeding. Raises TypeError where there is no engine."""
        if self._engine is None:
            raise TypeError("a sandbox without an engine has no assistant")
        return Assistant(self.shop, self._engine)

    @cached_property
    def names(self) -> dict[str, Any]:
        """What cases' placeholders stand for in this shop; those that it has nothing for are left out."""
        rows = read(
            self.shop.engine,
            "SELECT customer_id, max(id) FROM orders GROUP BY customer_id HAVING count(*) >= :busy "
            "ORDER BY customer_id LIMIT 2",
            {"busy": BUSY},
        )
        found: dict[str, Any] = {}
        for kind, row in zip(("own", "other"), rows, strict=False):
            found |= {f"{kind}_customer": row[0], f"{kind}_order": row[1]}
        if rows:
            found["customer"] = rows[-1][0]
        product = read(self.shop.engine, "SELECT min(id) FROM product WHERE price IS NOT NULL")
        if product and product[0][0] is not None:
            found["product_id"] = product[0][0]
        return found

    def changes(self) -> list[Change]:
        """What changed since this was last asked, or since `reset`, without what every turn records."""
        changed = self._journal.since(self._mark)
        self._mark = self._journal.mark()
        return [Change.model_validate(vars(change)) for change in changed if change.table not in CHAT_RECORDS]

    def reset(self) -> None:
        """Put everything back as it was after seeding."""
        self._journal.undo(0)
        self._mark = self._journal.mark()

    def close(self) -> None:
        """Let go of the shop; the engine stays open."""
        self.shop.close()


@contextmanager
def sandbox(
    settings: Settings, engine: Engine | None, rows: Mapping[str, Sequence[Mapping[str, Any]]] | None = None
) -> Iterator[Sandbox]:
    """A sandbox over a copy of the shop that `settings` name, with `rows` put in. Raises EvalError."""
    try:
        with copied(settings) as own:
            shop = Shop(own)
            migrate(shop.engine)
            try:
                seed(shop, rows or {})
            finally:
                shop.close()
            made = Sandbox(own, engine)
            try:
                yield made
            finally:
                made.close()
    except (CopyError, SeedError) as error:
        raise EvalError(str(error)) from error
    except OSError as error:
        raise EvalError(f"The shop could not be copied for the evaluation: {error}.") from error

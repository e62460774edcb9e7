"""Generating a big shop in PostgreSQL, to measure how the product grows with its size.

Nothing is held in memory but one figure or two a customer and the lines of a few days. Indexes and
foreign keys of the two big tables are taken off while they are filled, and put back as they were.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import psycopg
from psycopg import Connection, sql

from shopwright.evals import bigshop_people as people_sql
from shopwright.evals.bigshop_catalogue import Stock, make_stock, rows
from shopwright.evals.bigshop_copy import ArrayCopy
from shopwright.evals.bigshop_orders import COUPON_EVERY, COUPON_FANS, Baskets, baskets, make_people
from shopwright.evals.bigshop_plan import BigShop
from shopwright.evals.errors import EvalError

Told = Callable[[str, int, int], None]
MARK = "generated shop"
BIG = ("order_line", "orders")
CAMPAIGNS = 22
ORDERS = (
    ("id", ">i8"),
    ("customer_id", ">i8"),
    ("ordered_at", ">i8"),
    ("store_id", ">i4"),
    ("status", "S9"),
    ("total", ">f8"),
)
LINES = (
    ("id", ">i4"),
    ("order_id", ">i8"),
    ("product_id", ">i8"),
    ("quantity", ">i4"),
    ("amount", ">f8"),
    ("retail_discount", ">f8"),
    ("coupon_discount", ">f8"),
    ("coupon_match_discount", ">f8"),
)


class Definition(NamedTuple):
    """An index or foreign key: how to take it off, and how to put it back."""

    off: sql.Composed
    on: sql.Composed


def postgres_address(url: str) -> str:
    """A database's SQLAlchemy URL as psycopg reads it. Raises EvalError when it is not PostgreSQL's."""
    scheme = urlsplit(url).scheme
    if scheme.partition("+")[0] not in ("postgresql", "postgres"):
        raise EvalError(
            f"A generated shop lives in PostgreSQL, and '{scheme or url}' is another database. Give "
            "--database postgresql+psycopg://user:password@host/name."
        )
    return "postgresql" + url[len(scheme) :]


def make_big_shop(url: str, plan: BigShop, told: Told = lambda _what, _done, _of: None) -> bool:
    """Fill the migrated, empty database at `url`; False when the very shop of `plan` is there already.

    Raises EvalError when the database holds another shop, or one whose generation was interrupted.
    """
    with connected(url) as connection:
        if _is_there(connection, plan):
            return False
        _mark(connection, plan, "begun")
    stock = make_stock(plan)
    with connected(url) as connection:
        _fill_small(connection, plan, stock, told)
    with connected(url) as connection:
        off = [definition for table in BIG for definition in definitions(connection, table)]
        for definition in reversed(off):
            connection.execute(definition.off)
    with connected(url) as orders, connected(url) as lines:
        _fill_big(orders, lines, plan, stock, told)
    for done, definition in enumerate(off):
        told("indexes", done, len(off))
        with connected(url) as connection:
            connection.execute("SET maintenance_work_mem = '1GB'")
            connection.execute(definition.on)
    with connected(url) as connection:
        connection.execute(
            "SELECT setval(pg_get_serial_sequence('order_line', 'id'), max(id)) FROM order_line"
        )
        _mark(connection, plan, "complete")
    with connected(url, autocommit=True) as connection:
        told("statistics for the planner", 0, 1)
        connection.execute("VACUUM ANALYZE")
    return True


@contextmanager
def connected(url: str, *, autocommit: bool = False) -> Iterator[Connection[Any]]:
    """A connection that commits when its block ends well. Raises EvalError when the server is not reached."""
    try:
        connection = psycopg.connect(postgres_address(url), autocommit=autocommit)
    except psycopg.OperationalError as error:
        raise EvalError(f"The database cannot be reached: {str(error).strip()}") from error
    with connection:
        yield connection


def _is_there(connection: Connection[Any], plan: BigShop) -> bool:
    mark = connection.execute("SELECT fingerprint, details FROM snapshot WHERE name = %s", [MARK]).fetchone()
    if mark is None:
        holds = connection.execute(
            "SELECT EXISTS (SELECT FROM customer) OR EXISTS (SELECT FROM product)"
        ).fetchone()
        if holds == (True,):
            raise EvalError(
                "The database holds a shop that was not generated here, and is left as it is. Give "
                "--database an empty one (`createdb NAME`)."
            )
        return False
    fingerprint, details = mark
    if fingerprint != plan.fingerprint:
        raise EvalError(
            f"The database holds another generated shop ({fingerprint}), not the one asked for "
            f"({plan.fingerprint}). Give --database an empty one, or that shop's own size."
        )
    if details.get("state") != "complete":
        raise EvalError(
            "The generation of the shop in this database was interrupted. Drop the database "
            "(`dropdb NAME`), create it anew and generate again."
        )
    return True


def _mark(connection: Connection[Any], plan: BigShop, state: str) -> None:
    details = asdict(plan) | {"first_day": plan.first_day.isoformat(), "state": state}
    connection.execute("DELETE FROM snapshot WHERE name = %s", [MARK])
    connection.execute(
        "INSERT INTO snapshot (name, fingerprint, rows, details, done_at) VALUES (%s, %s, %s, %s, now())",
        [MARK, plan.fingerprint, min(plan.lines, 2**31 - 1), json.dumps(details)],
    )


def _fill_small(connection: Connection[Any], plan: BigShop, stock: Stock, told: Told) -> None:
    """Customers, products and campaigns."""
    given = {
        "seed": 10_000 * plan.seed,
        "customers": plan.customers,
        "products": plan.products,
        "campaigns": CAMPAIGNS,
        "first_day": plan.first_day,
        "coupon_every": COUPON_EVERY,
        "coupon_fans": COUPON_FANS,
    }
    connection.execute(people_sql.CHANCE)
    with connection.cursor() as cursor:
        cursor.executemany(people_sql.PRODUCTS, rows(stock))
    steps = ("CUSTOMERS", "CAMPAIGNS", "TARGETS", "COUPONS", "REDEMPTIONS")
    for done, name in enumerate(steps):
        told("customers and campaigns", done, len(steps))
        connection.execute(getattr(people_sql, name), given)


def definitions(connection: Connection[Any], table: str) -> list[Definition]:
    """Indexes and keys of a table, in the order in which they can be put back."""
    name = sql.Identifier(table)
    found = []
    query = (
        "SELECT conname, pg_get_constraintdef(oid), contype FROM pg_constraint WHERE conrelid = %s::regclass"
    )
    constraints = connection.execute(query + " ORDER BY contype = 'f', conname", [table]).fetchall()
    for key, text, kind in constraints:
        if kind == "p" and table != "order_line":
            continue  # lines refer to it
        # What was made valid by construction need not be read again to be found so.
        valid = " NOT VALID" if kind == "f" and not text.endswith("NOT VALID") else ""
        add = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} " + text + valid).format(name, sql.Identifier(key))
        found.append(
            Definition(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(name, sql.Identifier(key)), add)
        )
    query = (
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND schemaname = current_schema()"
    )
    named = {key for key, _, _ in constraints}
    for index, text in connection.execute(query, [table]).fetchall():
        if index not in named:
            found.insert(
                0, Definition(sql.SQL("DROP INDEX {}").format(sql.Identifier(index)), sql.SQL(text).format())
            )
    return found


def _fill_big(
    orders: Connection[Any], lines: Connection[Any], plan: BigShop, stock: Stock, told: Told
) -> None:
    """Orders and their lines, each by its own connection, because one can run only one COPY."""
    people, written = make_people(plan), 0
    with ExitStack() as stack:
        to_orders = stack.enter_context(ArrayCopy(orders, "orders", ORDERS))
        to_lines = stack.enter_context(ArrayCopy(lines, "order_line", LINES))
        for part in baskets(plan, stock, people):
            _write(to_orders, to_lines, part, written)
            written += len(part.product)
            told("order lines", min(written, plan.lines), plan.lines)


def _write(to_orders: ArrayCopy, to_lines: ArrayCopy, part: Baskets, before: int) -> None:
    import numpy as np

    to_orders.write(
        id=part.order,
        customer_id=part.customer,
        ordered_at=part.at * 1_000_000,
        store_id=part.store,
        status=np.where(part.cancelled, b"cancelled", b"completed"),
        total=part.total,
    )
    to_lines.write(
        id=before + 1 + np.arange(len(part.product)),
        order_id=part.line_order,
        product_id=part.product,
        quantity=part.quantity,
        amount=part.amount,
        retail_discount=part.retail_discount,
        coupon_discount=part.coupon_discount,
        coupon_match_discount=np.zeros(len(part.product)),
    )

"""Interest tags: categories that take a far larger share of a customer's spend than of the shop's sales.

A customer carries a category as a tag when it was bought in three orders or more, takes 2% of the
customer's spend or more, and twice the share that it takes of the shop's sales or more; at most five, those
whose share lies most above the shop's. All of it is worked out in the database.
"""

from typing import Any

from sqlalchemy import Float, Select, TableClause, cast, func, insert, select
from sqlalchemy.engine import Connection

from shopwright.knowledge.columns import CATEGORIES, STATS, TAGS
from shopwright.knowledge.rebuilding import rebuilt

MIN_ORDERS = 3
MIN_SHARE = 0.02
MIN_LIFT = 2.0
MOST_TAGS = 5


def write_tags(connection: Connection) -> dict[str, int]:
    """Fill CustomerTag anew from CustomerCategory; returns how many customers carry each tag."""
    with rebuilt(connection, TAGS) as fresh:
        columns = ["customer_id", "category", "lift", "spend_share"]
        connection.execute(insert(fresh).from_select(columns, _tags()))
        return _carriers(connection, fresh)


def _carriers(connection: Connection, tags: TableClause) -> dict[str, int]:
    query = select(tags.c.category, func.count()).group_by(tags.c.category)
    return {row[0]: row[1] for row in connection.execute(query)}


def _tags() -> Select[Any]:
    c = CATEGORIES.c
    whole = select(cast(func.sum(c.spend), Float)).where(c.spend > 0).scalar_subquery()
    sold = (
        select(c.category, (cast(func.sum(c.spend), Float) / whole).label("share"))
        .where(c.category != "")
        .group_by(c.category)
        .having(func.sum(c.spend) > 0)
        .subquery("sold")
    )
    # A category can stand in several departments, a row each.
    bought = (
        select(
            c.customer_id,
            c.category,
            func.sum(c.orders).label("orders"),
            cast(func.sum(c.spend), Float).label("spend"),
        )
        .where(c.category != "")
        .group_by(c.customer_id, c.category)
        .subquery("bought")
    )
    share = bought.c.spend / STATS.c.spend
    notable = (
        select(
            bought.c.customer_id,
            bought.c.category,
            (share / sold.c.share).label("lift"),
            share.label("spend_share"),
            func.row_number()
            .over(
                partition_by=bought.c.customer_id, order_by=[(share - sold.c.share).desc(), bought.c.category]
            )
            .label("place"),
        )
        .join(STATS, STATS.c.customer_id == bought.c.customer_id)
        .join(sold, sold.c.category == bought.c.category)
        .where(
            bought.c.orders >= MIN_ORDERS,
            STATS.c.spend > 0,
            share >= MIN_SHARE,
            share >= MIN_LIFT * sold.c.share,
        )
        .subquery("notable")
    )
    n = notable.c
    return select(n.customer_id, n.category, n.lift, n.spend_share).where(n.place <= MOST_TAGS)

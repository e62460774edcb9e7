"""From the staging table into the shop's own: new rows in, changed rows over, the rest left alone."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    Numeric,
    Select,
    String,
    and_,
    cast,
    delete,
    except_,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    union,
    update,
)

from shopwright.knowledge.import_staging import GOOD, INSERTED, UNCHANGED, UPDATED, Stage, table_of
from shopwright.knowledge.tables import IndexOutbox, Order, OrderLine, now

HALF_A_CENT = 0.005
OUTBOX_SINGLES = 100
"""With more changed rows than this, one entry asks the index to look at all rows of the kind."""


def lock(connection: Connection, stage: Stage) -> None:
    """Wait for other writers and keep them out of the table until the transaction ends; readers read on."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql(f"LOCK TABLE {stage.target.name} IN SHARE ROW EXCLUSIVE MODE")


def write(stage: Stage, orders: Stage | None = None) -> None:
    """Bring the good rows of `stage` in and note each row's fate in its state.

    orders: the orders staged in the same run, whose totals stand as they were given.
    """
    if stage.spec.replaced_by:
        _replace_lines(stage, orders)
        return
    _classify(stage)
    _update(stage)
    _insert(stage)
    _fill_outbox(stage)


def _same_key(stage: Stage) -> ColumnElement[bool]:
    return and_(*(stage.target.c[name] == stage.table.c[name] for name in stage.spec.key))


def _new_value(stage: Stage, name: str) -> ColumnElement[Any]:
    """What an existing row gets."""
    staged = stage.table.c[name]
    return func.coalesce(staged, stage.target.c[name]) if stage.spec.by_name[name].keep else staged


def _set_state(stage: Stage, state: str, *conditions: ColumnElement[bool]) -> None:
    statement = update(stage.table).where(stage.table.c.state == GOOD, *conditions)
    stage.connection.execute(statement.values(state=state))


def _classify(stage: Stage) -> None:
    others = [name for name in stage.columns if name not in stage.spec.key]
    differs = [stage.target.c[name].is_distinct_from(_new_value(stage, name)) for name in others]
    if differs:
        _set_state(stage, UPDATED, exists().where(_same_key(stage), or_(*differs)))
    _set_state(stage, UNCHANGED, exists().where(_same_key(stage)))
    _set_state(stage, INSERTED)


def _moments(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: now() if value == "now" else value for name, value in values.items()}


def _update(stage: Stage) -> None:
    values = {name: _new_value(stage, name) for name in stage.columns if name not in stage.spec.key}
    if not values:
        return
    statement = update(stage.target).where(_same_key(stage), stage.table.c.state == UPDATED)
    stage.connection.execute(statement.values(values | _moments(stage.spec.on_update)))


def _insert(stage: Stage) -> None:
    """Insert in the order of the file; columns that it lacks get their defaults."""
    values: dict[str, ColumnElement[Any]] = {}
    for name, column in stage.spec.by_name.items():
        if name not in stage.target.c:
            continue
        default = null() if column.default is None else literal(column.default, stage.target.c[name].type)
        if name not in stage.columns:
            values[name] = default
        else:
            staged = stage.table.c[name]
            values[name] = func.coalesce(staged, default) if column.keep else staged
    for name, value in _moments(stage.spec.on_insert).items():
        values[name] = literal(value, stage.target.c[name].type)
    rows: Select[Any] = select(*values.values()).where(stage.table.c.state == INSERTED)
    stage.connection.execute(
        insert(stage.target).from_select(list(values), rows.order_by(stage.table.c.line))
    )


def _fill_outbox(stage: Stage) -> None:
    """Tell the search index, in this same transaction, what it has to take in."""
    counts = stage.counts()
    changed = counts.get(INSERTED, 0) + counts.get(UPDATED, 0)
    if not stage.spec.outbox or not changed:
        return
    outbox = table_of(IndexOutbox)
    kind, moment = literal(stage.spec.outbox), literal(now(), outbox.c.created_at.type)
    if changed > OUTBOX_SINGLES:
        stage.connection.execute(insert(outbox).values(kind=stage.spec.outbox, ref="*", created_at=now()))
        return
    ids = select(kind, cast(stage.target.c["id"], String), moment).where(
        _same_key(stage), stage.table.c.state.in_((INSERTED, UPDATED))
    )
    stage.connection.execute(insert(outbox).from_select(["kind", "ref", "created_at"], ids))


def _replace_lines(stage: Stage, orders: Stage | None) -> None:
    """Order lines have no key: an order whose lines differ in any way gets all of them anew."""
    line, staged = table_of(OrderLine), stage.table
    if stage.connection.execute(select(line.c["id"]).limit(1)).first() is not None:
        changed = _changed_orders(stage)
        _set_state(stage, UNCHANGED, staged.c.order_id.not_in(changed))
        _set_state(stage, UPDATED, staged.c.order_id.in_(select(line.c.order_id)))
    _set_state(stage, INSERTED)
    _add_up_totals(stage, orders)
    again = select(staged.c.order_id).where(staged.c.state == UPDATED)
    stage.connection.execute(delete(line).where(line.c.order_id.in_(again)))
    values = {name: _line_value(stage, name) for name in stage.spec.by_name}
    rows = select(*values.values()).where(staged.c.state.in_((INSERTED, UPDATED))).order_by(staged.c.line)
    stage.connection.execute(insert(line).from_select(list(values), rows))


def _line_value(stage: Stage, name: str) -> ColumnElement[Any]:
    if name in stage.columns:
        return stage.table.c[name]
    return literal(stage.spec.by_name[name].default, stage.target.c[name].type).label(name)


def _changed_orders(stage: Stage) -> Select[Any]:
    """Orders whose staged lines are not, line for line, the stored ones, whatever their order."""
    staged, line, names = stage.table, table_of(OrderLine), list(stage.spec.by_name)
    good = staged.c.state == GOOD
    # Constants that stand in for absent columns need no grouping (PostgreSQL refuses it).
    groups = [staged.c[name] for name in names if name in stage.columns]
    new = select(*(_line_value(stage, name) for name in names), func.count()).where(good).group_by(*groups)
    mine = line.c.order_id.in_(select(staged.c.order_id).where(good))
    old = select(*(line.c[name] for name in names), func.count()).where(mine)
    old = old.group_by(*(line.c[name] for name in names))
    here, there = except_(new, old).subquery(), except_(old, new).subquery()
    changed = union(select(here.c.order_id), select(there.c.order_id)).subquery()
    return select(changed.c.order_id)


def _add_up_totals(stage: Stage, orders: Stage | None) -> None:
    """Totals that nobody gave follow their order's lines: those that are the sum of the stored ones."""
    order, line, staged = table_of(Order), table_of(OrderLine), stage.table
    fresh = staged.c.state.in_((INSERTED, UPDATED))
    exact = cast(func.sum(staged.c.amount), Numeric(24, 6))
    summed = select(staged.c.order_id, cast(func.round(exact, 2), Float).label("total"))
    sums = summed.where(fresh).group_by(staged.c.order_id).subquery()
    stored = select(func.coalesce(func.sum(line.c.amount), 0.0)).where(line.c.order_id == order.c["id"])
    derived = func.abs(order.c.total - stored.scalar_subquery()) < HALF_A_CENT
    conditions = [order.c["id"] == sums.c.order_id, derived]
    if orders is not None and "total" in orders.columns:
        own = orders.table.c
        conditions.append(
            order.c["id"].not_in(select(own["id"]).where(own["id"] > -1, own.total.is_not(None)))
        )
    stage.connection.execute(update(order).where(*conditions).values(total=sums.c.total))

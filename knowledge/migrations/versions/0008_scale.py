"""Who bought which product type without reading order lines; the lines with a coupon without the others.

Revision 0008, after 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change, and fill the table, so that filters by product type go on being answered."""
    op.create_table(
        "customer_type",
        sa.Column("product_type", sa.String(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("first_order", sa.DateTime(), nullable=False),
        sa.Column("last_order", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("product_type", "customer_id"),
    )
    op.execute(
        "INSERT INTO customer_type (product_type, customer_id, first_order, last_order) "
        "SELECT p.product_type, o.customer_id, min(o.ordered_at), max(o.ordered_at) "
        "FROM product AS p JOIN order_line AS l ON l.product_id = p.id JOIN orders AS o ON o.id = l.order_id "
        "WHERE o.status <> 'cancelled' AND p.product_type <> '' GROUP BY p.product_type, o.customer_id"
    )
    coupon = sa.text("coupon_discount > 0")
    op.create_index(
        "ix_order_line_coupon", "order_line", ["order_id"], sqlite_where=coupon, postgresql_where=coupon
    )


def downgrade() -> None:
    """Undo the change."""
    op.drop_index("ix_order_line_coupon", table_name="order_line")
    op.drop_table("customer_type")

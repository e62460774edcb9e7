"""Saved segments, statistics at the end of past months, and first orders by category.

Revision 0005, after 0004. The statistics are emptied: until they are counted again, by `shopwright fit`, it
is better to say that they are missing than to answer without the first orders.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.execute("DELETE FROM customer_category")
    op.execute("DELETE FROM customer_stats")
    op.add_column("customer_category", sa.Column("first_order", sa.DateTime(), nullable=True))
    op.create_table(
        "customer_past",
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("first_order", sa.DateTime(), nullable=False),
        sa.Column("last_order", sa.DateTime(), nullable=False),
        sa.Column("recency_days", sa.Integer(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("spend", sa.Float(), nullable=False),
        sa.Column("recency_score", sa.Integer(), nullable=False),
        sa.Column("frequency_score", sa.Integer(), nullable=False),
        sa.Column("monetary_score", sa.Integer(), nullable=False),
        sa.Column("coupon_orders", sa.Integer(), nullable=False),
        sa.Column("segment", sa.String(), nullable=False),
        sa.Column("tenure_days", sa.Integer(), nullable=False),
        sa.Column("tenure_score", sa.Integer(), nullable=False),
        sa.Column("gap_days", sa.Float(), nullable=False),
        sa.Column("lifecycle", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"]),
        sa.PrimaryKeyConstraint("as_of", "customer_id"),
    )
    op.create_table(
        "saved_segment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("filter", sa.JSON(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name_key"),
    )


def downgrade() -> None:
    """Undo the change."""
    op.drop_table("saved_segment")
    op.drop_table("customer_past")
    op.drop_column("customer_category", "first_order")

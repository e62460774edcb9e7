"""Tenure and lifecycle of customers, and what the customer model says of them.

Revision 0004, after 0003. Customers counted before keep their row; tenure and lifecycle stay empty
until the statistics are counted again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NEW_COLUMNS = (
    ("tenure_days", sa.Integer(), "0"),
    ("tenure_score", sa.Integer(), "0"),
    ("gap_days", sa.Float(), "0"),
    ("lifecycle", sa.String(), ""),
)


def upgrade() -> None:
    """Apply the change."""
    for name, kind, empty in NEW_COLUMNS:
        op.add_column("customer_stats", sa.Column(name, kind, nullable=False, server_default=empty))
    op.create_index(op.f("ix_customer_stats_lifecycle"), "customer_stats", ["lifecycle"])
    op.create_table(
        "customer_insight",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("churn_probability", sa.Float(), nullable=False),
        sa.Column("value_90", sa.Float(), nullable=False),
        sa.Column("value_90_low", sa.Float(), nullable=False),
        sa.Column("value_90_high", sa.Float(), nullable=False),
        sa.Column("cluster", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"]),
        sa.PrimaryKeyConstraint("customer_id"),
    )
    for name in ("churn_probability", "cluster", "value_90"):
        op.create_index(op.f(f"ix_customer_insight_{name}"), "customer_insight", [name])
    op.create_table(
        "customer_tag",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("lift", sa.Float(), nullable=False),
        sa.Column("spend_share", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"]),
        sa.PrimaryKeyConstraint("customer_id", "category"),
    )
    op.create_index("ix_customer_tag_category", "customer_tag", ["category", "customer_id"])


def downgrade() -> None:
    """Undo the change."""
    op.drop_table("customer_tag")
    op.drop_table("customer_insight")
    op.drop_index(op.f("ix_customer_stats_lifecycle"), table_name="customer_stats")
    for name, _, _ in NEW_COLUMNS:
        op.drop_column("customer_stats", name)

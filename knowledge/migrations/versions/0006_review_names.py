"""Brands and products that reviews name.

Revision 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "review_name",
        sa.Column("review_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("review_id", "name"),
    )
    op.create_index(op.f("ix_review_name_name"), "review_name", ["name"])


def downgrade() -> None:
    """Undo the change."""
    op.drop_index(op.f("ix_review_name_name"), table_name="review_name")
    op.drop_table("review_name")

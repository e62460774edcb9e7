"""An index that leads from products to their orders without reading the lines.

Revision 0003, after 0002.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_index("ix_order_line_product_order", "order_line", ["product_id", "order_id"])
    op.drop_index("ix_order_line_product_id", table_name="order_line")


def downgrade() -> None:
    """Undo the change."""
    op.create_index("ix_order_line_product_id", "order_line", ["product_id"])
    op.drop_index("ix_order_line_product_order", table_name="order_line")

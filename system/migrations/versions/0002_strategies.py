"""The strategies: other places to count units in, the log of queued orders, orders by the batch."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"

_SQL = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    """Create everything."""
    for statement in _SQL.read_text().split("\n\n\n"):
        op.execute(statement)


def downgrade() -> None:
    """Drop everything."""
    op.execute(
        "DROP FUNCTION write_batch, open_batch, enqueue, sell_reserved, reserve, take_from_buckets,"
        " take_units, lock_units, read_behind_fence, is_sold_out"
    )
    op.execute("DROP PROCEDURE place_orders")
    op.execute("DROP FUNCTION take_stock")
    op.execute("DROP VIEW stock_left")
    op.execute("DROP TABLE decisions, intake, reservations, units, stock_buckets")

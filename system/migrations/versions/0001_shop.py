"""The shop: catalogue, stock, wallets, orders, and the functions that place an order."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None

_SQL = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    """Create everything."""
    for statement in _SQL.read_text().split("\n\n\n"):
        op.execute(statement)


def downgrade() -> None:
    """Drop everything."""
    op.execute(
        "DROP FUNCTION claim_order, book_order, count_towards_limit, claim_key, take, take_if_enough,"
        " take_if_unchanged, take_if_fenced, overwrite_stock"
    )
    op.execute(
        "DROP TABLE idempotency_keys, order_lines, orders, ledger, wallets, shopper_units, stock, skus,"
        " products"
    )

"""The ledger holds the units of an order once, however often it is sent."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"

_SQL = Path(__file__).with_suffix(".sql")
_BEFORE = Path(__file__).with_name("0002_strategies.sql")


def upgrade() -> None:
    """Let a hold bear the key of its order."""
    for statement in _SQL.read_text().split("\n\n\n"):
        op.execute(statement)


def downgrade() -> None:
    """Hold units for whoever asks, as before."""
    op.execute("DROP FUNCTION reserve, sell_reserved")
    op.execute("DROP INDEX reservations_by_order")
    op.execute("ALTER TABLE reservations DROP COLUMN key")
    op.execute("CREATE INDEX reservations_by_hold ON reservations (hold)")
    for statement in _BEFORE.read_text().split("\n\n\n"):
        if "CREATE FUNCTION reserve(" in statement or "CREATE FUNCTION sell_reserved(" in statement:
            op.execute(statement)

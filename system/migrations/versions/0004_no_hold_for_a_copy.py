"""The ledger holds nothing for an order that was placed already."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"

_SQL = Path(__file__).with_suffix(".sql")
_BEFORE = Path(__file__).with_name("0003_one_hold.sql")


def upgrade() -> None:
    """Look for the key among those that are used before units are held."""
    op.execute(_SQL.read_text())


def downgrade() -> None:
    """Hold units for a copy until its kept answer is found, as before."""
    op.execute("DROP FUNCTION reserve")
    for statement in _BEFORE.read_text().split("\n\n\n"):
        if "CREATE FUNCTION reserve(" in statement:
            op.execute(statement)

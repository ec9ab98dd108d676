"""A key has one effect over all endpoints and states, and a restock is announced to the boards."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"

_SQL = Path(__file__).with_suffix(".sql")
_BEFORE = (Path(__file__).with_name("0001_shop.sql"), Path(__file__).with_name("0002_strategies.sql"))
_CHANGED = ("claim_key", "enqueue", "open_batch", "lock_units")


def upgrade() -> None:
    """Ask for a key in the log as well, and lock it wherever it is used."""
    for statement in _SQL.read_text().split("\n\n\n"):
        op.execute(statement)


def downgrade() -> None:
    """Ask each store for itself, as before."""
    op.execute("ALTER TABLE stock DROP COLUMN reopens_until")
    op.execute(f"DROP FUNCTION {', '.join(_CHANGED)}, queued_orders, lock_of_key")
    for statement in (text for file in _BEFORE for text in file.read_text().split("\n\n\n")):
        if any(f"CREATE FUNCTION {name}(" in statement for name in _CHANGED):
            op.execute(statement)

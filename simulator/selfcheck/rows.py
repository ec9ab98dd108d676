"""The table: every system of which something is known exactly."""

from __future__ import annotations

from simulator.selfcheck import queue_rows, strategy_rows
from simulator.selfcheck.looks import Row


def table() -> list[Row]:
    """All rows, in the order in which they are printed."""
    return [*queue_rows.rows(), *strategy_rows.rows()]

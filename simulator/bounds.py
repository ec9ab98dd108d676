"""What the parameters of a profile can be: in these ranges a fit looks, and a profile beyond them is refused.

They are wide: a machine ten times slower than a small server of today is still inside.
"""

from __future__ import annotations

from typing import NamedTuple


class Range(NamedTuple):
    """From `low` to `high`, both included."""

    low: float
    high: float

    def nearest(self, value: float) -> float:
        """The value, or the end of the range that it is beyond."""
        return min(max(value, self.low), self.high)

    def ends_at(self, value: float) -> bool:
        """Whether the value is one of the ends."""
        return value in (self.low, self.high)


CPU_MS = Range(0.0, 100.0)  # of one stage for one order; a small server takes less than 1
WAIT_MS = Range(0.0, 1_000.0)  # for the disk, or on the way; a spinning disk takes 10, a memory card 100
ENTRY_MS = Range(0.0, 1.0)  # CPU for one entry of a ledger; a small server takes 0.0001
WAKE_MS = Range(0.0, 0.5)  # CPU for waking a waiter: a context switch and a look
COLD_MS = Range(0.0, 6.0)  # CPU that a cold core takes more; an order shows no more than it takes warm
IN_COMPANY = Range(0.25, 4.0)  # times as much CPU as alone: what is shared saves, what is fought for costs
TIMES = Range(0.02, 10.0)  # of what one client's order takes: for an order in a batch, a batch, a refusal
FLUSHES = Range(1.0, 6.0)  # times as long as alone
UNUSED_SHARE = Range(0.0, 0.5)  # of busy cores
DEVIATION = Range(0.0, 2.0)  # of the logarithm of a pace or of an order's work
SPEED = Range(1e-3, 1e3)  # of a machine at one moment, relative to its mean
MISFIT = Range(0.0, 5.0)  # of the logarithm of a figure

"""The process itself: a collector that stays out of the way, and room for the connections of a crowd."""

from __future__ import annotations

import gc
import resource
from contextlib import suppress


def keep_collector_quiet() -> None:
    """Freeze what start-up left behind and make full collections rare.

    A full pass under a backlog of thousands of requests was measured at 170 to 390 ms, all of it spent
    with the event loop standing still. What requests leave behind is freed by reference counts; the rare
    cycle waits for generation 1.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 1_000)


def make_room_for_connections() -> None:
    """Raise the limit of open files as far as this process may: each shopper's connection is one.

    The usual 1,024 are fewer than a drop's shoppers, and what is beyond them is not even refused. The workers
    that this process starts have its limit.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(ValueError, OSError):  # macOS: no more than kern.maxfilesperproc
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

"""Ctrl-C and the signals that ask a process to end: the first stops everything, others change nothing."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def one_interrupt() -> Iterator[None]:
    """Turn the first such signal in the block into KeyboardInterrupt and ignore those that follow.

    Whoever presses Ctrl-C twice is in a hurry, but would cut off the clearing up and leave more behind.
    """
    earlier = {number: signal.getsignal(number) for number in _ASKING}

    def interrupt(_: int, __: FrameType | None) -> None:
        for number in _ASKING:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in _ASKING:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)

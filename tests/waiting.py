"""Waiting for what another process does, and tells nobody: the one place where tests look again and again."""

from __future__ import annotations

import time
from collections.abc import Callable

WITHIN_S = 600  # what has not come by then hangs: on the slowest machine, beside other tests, all takes less
_LOOK_EVERY_S = 0.01


def eventually(is_so: Callable[[], bool]) -> bool:
    """Whether `is_so()` becomes true within `WITHIN_S`; returns as soon as it does."""
    deadline = time.monotonic() + WITHIN_S
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_EVERY_S)
    return True

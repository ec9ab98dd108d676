"""Waiting for what another process does, and tells nobody: the one place where tests look again and again."""

from __future__ import annotations

import time
from collections.abc import Callable

_LOOK_EVERY_S = 0.01


def eventually(is_so: Callable[[], bool], within_s: float = 180) -> bool:
    """Whether `is_so()` becomes true in time; returns as soon as it does."""
    deadline = time.monotonic() + within_s
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_EVERY_S)
    return True

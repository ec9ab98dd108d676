"""The garbage collector, kept away from what it would only hold up."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Do without the collector: it looks at every object there is, again and again while many are made.

    For what leaves no cycles. Nothing else is put off: objects that nobody refers to go at once, as ever.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()

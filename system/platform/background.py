"""Tasks that run for as long as a block lasts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

_UNTIL_AGAIN_S = 0.2


@asynccontextmanager
async def in_the_background(*watches: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run `watches`, which never end by themselves, until the block ends."""
    tasks = {asyncio.create_task(watch) for watch in watches}
    try:
        yield
    finally:
        # More than once: where a cancellation meets an error on its way out, such as that of a connection
        # which cannot roll back, the task sees the error alone, and goes on.
        while tasks:
            for task in tasks:
                task.cancel()
            _, tasks = await asyncio.wait(tasks, timeout=_UNTIL_AGAIN_S)

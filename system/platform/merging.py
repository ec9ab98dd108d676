"""Request merging: what many ask for at nearly the same time is done once, for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

from system.platform.refusals import is_of_the_data

Item = TypeVar("Item")
Result = TypeVar("Result")


class Merger(Generic[Item, Result]):
    """Collects items while the batch before them is worked on, and for `window_s` after the first came.

    Args:
        work: given the items of a batch, returns one result or error for each, in their order. If it raises,
            every item of the batch gets that error. Where an item cannot be stored, each is worked on alone,
            so that only this one fails: `work` leaves nothing behind when it raises.
        most: items of one batch.
    """

    def __init__(
        self,
        work: Callable[[list[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        window_s: float,
        most: int,
    ) -> None:
        self._work = work
        self._window_s = window_s
        self._most = most
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._full = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Result:
        """What `work` makes of `item`.

        A caller who is cancelled gets no result; its item is worked on all the same.
        """
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if len(self._waiting) >= self._most:
            self._full.set()
        if self._worker is None:
            self._worker = asyncio.create_task(self._work_off())
        return await future

    async def _work_off(self) -> None:
        try:
            while self._waiting:
                if self._window_s:
                    await self._until_full_or_over()
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                if len(self._waiting) < self._most:
                    self._full.clear()
                await self._do(batch)
        finally:
            self._worker = None

    async def _until_full_or_over(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._window_s):
                await self._full.wait()

    async def _do(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._work([item for item, _ in batch])
        except Exception as error:
            if is_of_the_data(error) and len(batch) > 1:
                for one in batch:
                    await self._do([one])
                return
            results = [error] * len(batch)
        for (_, future), result in zip(batch, results, strict=True):
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)

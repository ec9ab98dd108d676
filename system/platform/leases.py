"""Leases in Redis: locks that are given up by themselves when their holder is not heard of again.

Source: Redis documentation, "Distributed Locks with Redis", the single-instance algorithm.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from time import time_ns

from redis.asyncio import Redis

from system.errors import Conflict
from system.platform.redis import FENCE, LOCK
from system.platform.spans import Spans
from system.settings import Settings

_POLL_S = (0.001, 0.004)
_LINES = 1_024  # more than there are hot SKUs; two that share one wait for each other, and no more

_GIVE_BACK = """
for _, lock in ipairs(KEYS) do
  if redis.call('GET', lock) == ARGV[1] then redis.call('DEL', lock) end
end
"""


class Leases:
    """Leases on SKUs, each for `lease_ms`."""

    def __init__(self, redis: Redis, settings: Settings) -> None:
        self._redis = redis
        self._settings = settings
        self._lines = [asyncio.Lock() for _ in range(_LINES)]
        self._give_back = redis.register_script(_GIVE_BACK)

    @asynccontextmanager
    async def on(
        self, skus: Sequence[str], spans: Spans, *, fenced: bool, in_turn: Callable[[], None]
    ) -> AsyncIterator[int]:
        """Leases on all of `skus`, taken one after the other, for the block; yields the fencing token.

        Nothing tells the holder that a lease has run out, so the block may run beside the next holder's. A
        token is larger than any that was given out before; 0 if not `fenced`. `in_turn` is called when each
        lease's turn has come, and may raise what ends the wait.

        Raises:
            Conflict: others held a lease for longer than `lock_timeout_ms`.
        """
        owner = secrets.token_hex(16)
        asked: list[str] = []
        try:
            with spans.span("redis_lock"):
                for sku in skus:
                    async with self._turn(LOCK + sku):
                        in_turn()
                        asked.append(LOCK + sku)
                        await self._acquire(LOCK + sku, owner)
                token = await self._next_token() if fenced else 0
            yield token
        finally:
            if asked:
                with spans.span("redis_unlock"):
                    await self._give_back(keys=asked, args=[owner])

    async def _next_token(self) -> int:
        token = await self._redis.incr(FENCE)
        if token == 1:  # a Redis that is new or has lost its memory: start beyond whatever it gave out before
            token = await self._redis.incrby(FENCE, time_ns() // 1000)
        return int(token)

    @asynccontextmanager
    async def _turn(self, lock: str) -> AsyncIterator[None]:
        """Only the first in the worker's line asks Redis for `lock`: a crowd would keep its holder out."""
        timeout_s = self._settings.lock_timeout_ms / 1000
        try:
            async with asyncio.timeout(timeout_s), self._lines[zlib.crc32(lock.encode()) % _LINES]:
                yield
        except TimeoutError:
            raise Conflict(
                "another shopper held the stock for too long; nothing was bought, try again"
            ) from None

    async def _acquire(self, lock: str, owner: str) -> None:
        while True:
            if await self._redis.set(lock, owner, nx=True, px=self._settings.lease_ms):
                return
            await asyncio.sleep(random.uniform(*_POLL_S))  # noqa: S311 - not a secret

"""Optimistic lock: read the rows with their versions, and write only if the versions still stand.

Guarantee: no oversell; of two orders that read the same version, the first to commit wins.
Failure: the retry storm. On one hot row nearly every order loses and starts again; when its tries are used up
the shopper is turned away although there was stock. Retries wait a random time, or they would meet again.
Source: Kung and Robinson, "On Optimistic Methods for Concurrency Control" (TODS 1981).
"""

from __future__ import annotations

import asyncio
import random

from system.errors import Conflict
from system.orders.model import Order
from system.platform.refusals import StockChanged
from system.stock.port import Ack, Strategy
from system.stock.shop import Placed, Shop, Take


class OptimisticLock(Strategy):
    """UPDATE ... WHERE version = the version that was read; on no row, again from the start."""

    name, safe, ack = "optimistic_lock", True, Ack.COMMITTED

    async def place(self, order: Order, shop: Shop) -> Placed:
        for tried in range(shop.settings.optimistic_tries):
            await asyncio.sleep(_backoff_s(tried, shop.settings.optimistic_backoff_ms))
            async with shop.autocommit() as tx:
                stock = await tx.read_stock(order.skus)
                order.require(stock.available)
                try:
                    return await tx.record(
                        order, Take.IF_UNCHANGED, [stock.versions[sku] for sku in order.skus]
                    )
                except StockChanged:
                    continue
        raise Conflict(
            f"others bought the same SKU first, {shop.settings.optimistic_tries} times in a row; try again"
        )


def _backoff_s(tried: int, first_ms: float) -> float:
    """Nothing before the first try; then full jitter below a ceiling that doubles, 64 times at most."""
    if tried == 0:
        return 0.0
    return random.uniform(0, first_ms * 2 ** min(tried - 1, 6)) / 1000  # noqa: S311 - not a secret

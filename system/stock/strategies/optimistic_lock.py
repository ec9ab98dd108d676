"""Optimistic lock: read the rows with their versions, and write only if the versions still stand.

Guarantee: no oversell; of two orders that read the same version, the first to commit wins.
Failure: the retry storm. On one hot row nearly every order loses and starts again; when its tries are used up
the shopper is turned away although there was stock. Retries wait a random time, or they would meet again.
Source: Kung and Robinson, "On Optimistic Methods for Concurrency Control" (TODS 1981).
"""

from __future__ import annotations

from system.orders.model import Order, Placed
from system.stock.port import Strategy
from system.stock.shop import Shop
from system.stock.statements import Take


class OptimisticLock(Strategy):
    """UPDATE ... WHERE version = the version that was read; on no row, again from the start."""

    name = "optimistic_lock"

    async def place(self, order: Order, shop: Shop) -> Placed:
        return await shop.retrying(_attempt, order)


async def _attempt(order: Order, shop: Shop) -> Placed:
    async with shop.autocommit() as tx:
        stock = await tx.read_stock(order.skus)
        order.require(stock.available)
        return await tx.place(order, Take.IF_UNCHANGED, [stock.versions[sku] for sku in order.skus])

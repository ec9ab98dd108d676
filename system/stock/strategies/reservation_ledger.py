"""Reservation ledger: no counter; what is left is the stock, less what is sold, less what is held and live.

Guarantee: no oversell while the sum is made under the row's lock; and no leak: a hold that has expired is not
in the sum any more, whoever died. Nothing has to sweep it.
Failure: the sum grows with every sale; an order that is paid after its hold expired must be refused; and one
whose worker died can be sent again once its hold has expired, not before.
Source: pretix, quotas and cart positions; saleor, reservations.
"""

from __future__ import annotations

from system.errors import ShopError
from system.orders.model import Order, Placed
from system.stock.port import Strategy
from system.stock.shop import Shop
from system.stock.statements import Take
from system.stock.tables import KeptIn


class ReservationLedger(Strategy):
    """Under the row's lock: INSERT a hold if stock - sold - held >= n; COMMIT. Then pay, and sell it."""

    name, kept_in = "reservation_ledger", KeptIn.RESERVATIONS

    async def place(self, order: Order, shop: Shop) -> Placed:
        async with shop.transaction() as tx:
            await tx.lock_stock(order.skus)
            hold = await tx.reserve(order)
        async with shop.autocommit() as tx:
            try:
                placed = await tx.place(order, Take.RESERVED, hold)
            except ShopError:
                await tx.release(order, hold)
                raise
            if placed.replayed:
                await tx.release(order, hold)
            return placed

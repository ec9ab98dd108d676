"""Clients in a closed loop: each of them sends an order, waits for the answer, and sends the next."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.shop import Shop


@dataclass(frozen=True)
class Clients:
    """So many clients, and what is there before they come.

    The first arrivals of a crowd come at once, one for each client. Each of the others comes when one before
    it has left. From `until_s` on nobody comes any more. What the clients take is part of the wire's time.

    `known` tells whether the workers have checked all tokens before. Where what is sold and held is summed
    up, `entries` are on record before the first order.
    """

    count: int
    until_s: float
    known: bool
    entries: int

    def prepare(self, shop: Shop, shoppers: int) -> None:
        """Bring a new shop to where the loop begins, for shoppers 0, 1, ... below a number."""
        shop.database.stock[0].entries = self.entries
        if self.known:
            for worker in shop.workers:
                worker.acquainted.update(range(shoppers))

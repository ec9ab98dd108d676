"""The sold-out board of a worker, compiled."""

from __future__ import annotations

from simulator.compiled.holdings import holding
from simulator.compiled.memory import Record
from simulator.compiled.parts import compiled
from simulator.compiled.world import attempt_of, gone_at, holding_of, key_of, line_of


@compiled
def knows_sold_out(world: Record, worker: int, order: int) -> bool:
    """Whether the sold-out board turns this order away."""
    key = key_of(world, attempt_of(world, order).key)
    for number in range(key.cart_start, key.cart_end):
        sku = line_of(world, number).sku
        known = gone_at(world, worker * world.sku_count + sku).now
        if known:
            of_shopper = holding(world, sku, key.shopper)
            buyer = holding_of(world, of_shopper).buyer if of_shopper else 0
            if buyer == 0 or buyer >= known:
                return True
    return False

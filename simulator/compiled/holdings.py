"""What shoppers have of each SKU, compiled: units towards its limit, and since when they are buyers."""

from __future__ import annotations

from simulator.compiled.memory import Record
from simulator.compiled.parts import compiled
from simulator.compiled.world import holding_of, new_holding, shopper_of


@compiled
def holding(world: Record, sku: int, shopper: int) -> int:
    """What a shopper has of a SKU; 0 for nothing."""
    number = int(shopper_of(world, shopper).first)
    while number and holding_of(world, number).sku != sku:
        number = holding_of(world, number).next
    return number


@compiled
def holding_or_new(world: Record, sku: int, shopper: int) -> Record:
    """The same, a new one if there was none."""
    number = holding(world, sku, shopper)
    if number == 0:
        number = new_holding(world)
        new = holding_of(world, number)
        new.sku = sku
        new.next = shopper_of(world, shopper).first
        shopper_of(world, shopper).first = number
    return holding_of(world, number)


@compiled
def know_buyer(world: Record, sku: int, shopper: int) -> None:
    """The shopper has bought some, from now on."""
    has = holding_or_new(world, sku, shopper)
    if has.buyer == 0:
        world.buyers += 1
        has.buyer = world.buyers

"""What a statement finds and leaves in the database at its moment, compiled; as in `simulator.database`."""

from __future__ import annotations

from simulator.compiled.holdings import holding
from simulator.compiled.memory import Record
from simulator.compiled.parts import compiled
from simulator.compiled.stock import DONE, KEY_IN_PROGRESS, LIMIT_REACHED, NO_FUNDS, QUEUED, REPLAYED
from simulator.compiled.transactions import RECORD, count, effect
from simulator.compiled.world import (
    attempt_of,
    decided_at,
    holding_of,
    key_of,
    line_of,
    new_decided,
    shopper_of,
    sku_of,
)


@compiled
def judge(world: Record, order: int) -> int:
    """What there is to say against an order apart from the stock; REPLAYED if it was placed before."""
    key = key_of(world, attempt_of(world, order).key)
    if key.claimed:
        return KEY_IN_PROGRESS
    if key.placed:
        return REPLAYED
    for number in range(key.cart_start, key.cart_end):
        line = line_of(world, number)
        limit = sku_of(world, line.sku).limit
        if limit and bought(world, line.sku, key.shopper) + line.quantity > limit:
            return LIMIT_REACHED
    return NO_FUNDS if shopper_of(world, key.shopper).balance_won < key.total_won else DONE


@compiled
def bought(world: Record, sku: int, shopper: int) -> int:
    """Units that count towards the shopper's limit."""
    number = holding(world, sku, shopper)
    return holding_of(world, number).bought if number else 0


@compiled
def record(world: Record, me: int, order: int) -> None:
    """Claim the key, count towards the limits, and pay from the wallet."""
    key_of(world, attempt_of(world, order).key).claimed = 1
    count(world, order, 1)
    effect(world, me, RECORD, 0, 0, order)


@compiled
def accept(world: Record, order: int) -> int:
    """Put an order into the intake, unless it was placed before."""
    number = attempt_of(world, order).key
    key = key_of(world, number)
    if key.placed:
        return REPLAYED
    key.decision = 0
    if not key.queued:
        key.queued = order
        key.next_queued = 0
        key.previous_queued = world.last_queued
        if world.last_queued:
            key_of(world, world.last_queued).next_queued = number
        else:
            world.first_queued = number
        world.last_queued = number
    return QUEUED


@compiled
def conclude(world: Record, order: int, verdict: int) -> None:
    """Take a decided order out of the intake, and let its shopper know."""
    number = attempt_of(world, order).key
    key = key_of(world, number)
    if key.queued:
        key.queued = 0
        if key.previous_queued:
            key_of(world, key.previous_queued).next_queued = key.next_queued
        else:
            world.first_queued = key.next_queued
        if key.next_queued:
            key_of(world, key.next_queued).previous_queued = key.previous_queued
        else:
            world.last_queued = key.previous_queued
    if not key.decision:
        world.concluded += 1
        key.concluded = world.concluded
    key.decision = verdict
    decided_at(world, new_decided(world)).key = number

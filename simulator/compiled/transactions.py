"""Transactions, compiled: their locks, and what their end does; as in `simulator.stock`."""

from __future__ import annotations

from simulator.compiled.events import free_or_new_effect
from simulator.compiled.holdings import holding_or_new, know_buyer
from simulator.compiled.locks import release
from simulator.compiled.memory import Record
from simulator.compiled.parts import compiled
from simulator.compiled.world import (
    arrival_of,
    attempt_of,
    effect_of,
    key_of,
    line_of,
    lock_of,
    process,
    row_of,
    shopper_of,
    sku_of,
)

# What the end of a transaction does:
RECORD = 0  # the order is there, or is forgotten
WRITE = 1  # the row has these units
BUYER = 2  # the shopper is known to have bought
FENCE = 3  # older tokens are shut out
UNITS = 4  # the locked rows are sold, or free again
HOLD = 5  # the hold is on the ledger
SELL = 6  # what was held is sold


@compiled
def effect(world: Record, me: int, kind: int, target: int, units: int, order: int) -> None:
    """Let the end of the transaction have an effect."""
    my, number = process(world, me), free_or_new_effect(world)
    new = effect_of(world, number)
    new.kind = kind
    new.target = target
    new.units = units
    new.order = order
    new.at_s = world.now_s
    new.next = 0
    if my.last_effect:
        effect_of(world, my.last_effect).next = number
    else:
        my.first_effect = number
    my.last_effect = number


@compiled
def commit(world: Record, me: int) -> None:
    """Let everybody see what was written."""
    number = process(world, me).first_effect
    while number:
        _do(world, effect_of(world, number))
        number = effect_of(world, number).next
    _end(world, me)


@compiled
def roll_back(world: Record, me: int) -> None:
    """Leave no trace."""
    number = process(world, me).first_effect
    while number:
        _undo(world, effect_of(world, number))
        number = effect_of(world, number).next
    _end(world, me)


@compiled
def _do(world: Record, what: Record) -> None:
    if what.kind == RECORD:
        key = key_of(world, attempt_of(world, what.order).key)
        world.placed += 1
        key.placed = world.placed
        key.placed_s = what.at_s
        key.claimed = 0
    elif what.kind == WRITE:
        row = row_of(world, what.target)
        sku_of(world, row.sku).unsold += what.units - row.available
        row.available = what.units
        row.version += 1
    elif what.kind == BUYER:
        know_buyer(world, what.target, arrival_of(world, attempt_of(world, what.order).arrival).shopper)
    elif what.kind == FENCE:
        row_of(world, what.target).fence = what.units
    else:
        sku = sku_of(world, what.target)
        if what.kind == HOLD:
            key_of(world, attempt_of(world, what.order).key).held = 1
            sku.held += what.units
            sku.entries += 1
            return
        key_of(world, attempt_of(world, what.order).key).held = 0
        if what.kind == UNITS:
            sku.being_bought -= what.units
        else:
            sku.held -= what.units
        sku.unsold -= what.units
        row_of(world, sku.row).available -= what.units


@compiled
def _undo(world: Record, what: Record) -> None:
    if what.kind == RECORD:
        key_of(world, attempt_of(world, what.order).key).claimed = 0
        count(world, what.order, -1)
    elif what.kind == UNITS:
        key_of(world, attempt_of(world, what.order).key).held = 0
        sku_of(world, what.target).being_bought -= what.units


@compiled
def _end(world: Record, me: int) -> None:
    my = process(world, me)
    if my.last_effect:
        effect_of(world, my.last_effect).next = world.free_effect
        world.free_effect = my.first_effect
        my.first_effect = my.last_effect = 0
    lock = my.first_lock
    my.first_lock = my.last_lock = 0
    while lock:
        behind = lock_of(world, lock).next
        release(world, lock)
        lock = behind


@compiled
def count(world: Record, order: int, times: int) -> None:
    """Let the shopper pay, and count the units towards the limits."""
    key = key_of(world, attempt_of(world, order).key)
    shopper_of(world, key.shopper).balance_won -= times * key.total_won
    for number in range(key.cart_start, key.cart_end):
        line = line_of(world, number)
        if sku_of(world, line.sku).limit:
            holding_or_new(world, line.sku, key.shopper).bought += times * line.quantity

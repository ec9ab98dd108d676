"""Stock and transactions, compiled: the rules of `simulator.stock`."""

from __future__ import annotations

import numpy as np

from simulator.compiled.chances import mix64
from simulator.compiled.locks import acquire
from simulator.compiled.memory import Record
from simulator.compiled.parts import compiled
from simulator.compiled.records import MOST_LINES
from simulator.compiled.transactions import BUYER, HOLD, SELL, UNITS, WRITE, effect
from simulator.compiled.world import attempt_of, key_of, known_at, line_of, process, row_of, sku_of
from simulator.stock import Verdict
from simulator.strategies import KeptIn, Take

DONE, QUEUED, REPLAYED = Verdict.DONE.value, Verdict.QUEUED.value, Verdict.REPLAYED.value
SOLD_OUT, LIMIT_REACHED = Verdict.SOLD_OUT.value, Verdict.LIMIT_REACHED.value
STOCK_CHANGED, CONFLICT = Verdict.STOCK_CHANGED.value, Verdict.CONFLICT.value
KEY_IN_PROGRESS, NO_FUNDS = Verdict.KEY_IN_PROGRESS.value, Verdict.NO_FUNDS.value
GONE, OVERLOADED = Verdict.GONE.value, Verdict.OVERLOADED.value
_UNITS, _BUCKETS, _RESERVATIONS = KeptIn.UNITS.value, KeptIn.BUCKETS.value, KeptIn.RESERVATIONS.value
_IF_ENOUGH, _OVERWRITE = Take.IF_ENOUGH.value, Take.OVERWRITE.value
_IF_UNCHANGED, _IF_FIRST, _IF_FENCED = Take.IF_UNCHANGED.value, Take.IF_FIRST.value, Take.IF_FENCED.value


@compiled
def available(sku: Record) -> int:
    """Units that can be taken, as committed."""
    return int(sku.unsold - sku.held)


@compiled
def has(world: Record, order: int) -> bool:
    """Whether the units of the order are there, as far as is committed."""
    key = key_of(world, attempt_of(world, order).key)
    for number in range(key.cart_start, key.cart_end):
        line = line_of(world, number)
        if available(sku_of(world, line.sku)) < line.quantity:
            return False
    return True


@compiled
def take_line(world: Record, me: int) -> bool:
    """Take the units of one line; `verdict` says how it went."""
    my = process(world, me)
    line = line_of(world, my.line)
    if world.kept_in == _BUCKETS:
        return _take_from_buckets(world, me, line)
    if world.kept_in in (_UNITS, _RESERVATIONS):
        if world.kept_in == _RESERVATIONS:
            effect(world, me, SELL, line.sku, line.quantity, my.order)
        effect(world, me, BUYER, line.sku, 0, my.order)
        my.verdict = DONE
        return True
    return _take_from_row(world, me, line)


@compiled
def _take_from_row(world: Record, me: int, line: Record) -> bool:
    """The condition is looked at before the row is waited for, and after."""
    my, sku = process(world, me), sku_of(world, line.sku)
    row = row_of(world, sku.row)
    if my.take_line == 0:
        my.verdict = _condition(world, me, row, line)
        if my.verdict != DONE:
            return True
        my.take_line = 1
    if not acquire(world, me, row.lock):
        return False
    my.take_line = 0
    my.verdict = _condition(world, me, row, line)
    if my.verdict == DONE:
        overwrites = world.take == _OVERWRITE and my.knows
        before = _known(world, me).available if overwrites else row.available
        effect(world, me, WRITE, sku.row, before - line.quantity, my.order)
        effect(world, me, BUYER, line.sku, 0, my.order)
    return True


@compiled
def _known(world: Record, me: int) -> Record:
    """What the process has read of the stock of the line."""
    my = process(world, me)
    place = my.line - key_of(world, attempt_of(world, my.order).key).cart_start
    return known_at(world, me * MOST_LINES + place)


@compiled
def _condition(world: Record, me: int, row: Record, line: Record) -> int:
    my, take = process(world, me), world.take
    if take == _IF_ENOUGH and row.available < line.quantity:
        return SOLD_OUT
    if take in (_IF_UNCHANGED, _IF_FIRST) and my.knows:
        if row.version != _known(world, me).version:
            return STOCK_CHANGED
    elif take == _IF_FENCED and row.fence != my.token:
        return STOCK_CHANGED
    return DONE


@compiled
def _take_from_buckets(world: Record, me: int, line: Record) -> bool:
    """From the first bucket that seems to have enough and still has when it is locked."""
    my, sku = process(world, me), sku_of(world, line.sku)
    while True:
        if my.take_line == 0:
            my.row = _first_with_enough(world, my, sku, line.quantity)
            if my.row < 0:
                my.verdict = SOLD_OUT
                return True
            my.take_line = 1
        row = row_of(world, my.row)
        if not acquire(world, me, row.lock):
            return False
        my.take_line = 0
        if row.available >= line.quantity:
            effect(world, me, WRITE, my.row, row.available - line.quantity, my.order)
            effect(world, me, BUYER, line.sku, 0, my.order)
            my.verdict = DONE
            return True


@compiled
def _first_with_enough(world: Record, my: Record, sku: Record, quantity: int) -> int:
    """The row, from the shopper's own bucket on; -1 for none."""
    shopper = key_of(world, attempt_of(world, my.order).key).shopper
    own = int(mix64(np.uint64(shopper)) % np.uint64(world.buckets))
    for number in range(world.buckets):
        row = int(sku.row + 1 + (own + number) % world.buckets)
        if row_of(world, row).available >= quantity:
            return row
    return -1


@compiled
def lock_units(world: Record, me: int) -> int:
    """Lock rows of units that nobody else has locked; sold out for who finds too few that are free."""
    my = process(world, me)
    key = key_of(world, attempt_of(world, my.order).key)
    if key.held or key.placed:
        return KEY_IN_PROGRESS
    for number in range(key.cart_start, key.cart_end):
        line = line_of(world, number)
        sku = sku_of(world, line.sku)
        if sku.unsold - sku.being_bought < line.quantity:
            return SOLD_OUT
        sku.being_bought += line.quantity
        effect(world, me, UNITS, line.sku, line.quantity, my.order)
    key.held = 1
    return DONE


@compiled
def hold(world: Record, me: int) -> int:
    """Add holds to the ledger, if there is one; the rows are locked, so nobody else adds one."""
    if world.kept_in != _RESERVATIONS:
        return DONE
    my = process(world, me)
    key = key_of(world, attempt_of(world, my.order).key)
    if key.held or key.placed:
        return KEY_IN_PROGRESS
    for number in range(key.cart_start, key.cart_end):
        line = line_of(world, number)
        if available(sku_of(world, line.sku)) < line.quantity:
            return SOLD_OUT
        effect(world, me, HOLD, line.sku, line.quantity, my.order)
    return DONE

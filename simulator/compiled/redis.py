"""Redis, compiled: the scripts of `simulator.redis`, which run one at a time."""

from __future__ import annotations

from simulator.compiled.holdings import holding, holding_or_new
from simulator.compiled.memory import Record
from simulator.compiled.parts import compiled
from simulator.compiled.stations import visit
from simulator.compiled.stock import DONE, KEY_IN_PROGRESS, LIMIT_REACHED, SOLD_OUT
from simulator.compiled.world import attempt_of, holding_of, key_of, line_of, process, sku_of, work_of

# Scripts:
HOLD_UNITS, CONFIRM_HOLD, RELEASE_HOLD, ENQUEUE_ORDER, LEASE_SKU, NEXT_TOKEN, END_LEASES = range(7)


@compiled
def run_script(world: Record, me: int) -> bool:
    """Run a script; nobody else's runs meanwhile."""
    my = process(world, me)
    if my.compute == 0:
        my.thread_s = work_of(world, my.work).redis_s * attempt_of(world, my.order).pace
    if not visit(world, me, redis_thread(world)):
        return False
    _script(world, me)
    return True


@compiled
def redis_thread(world: Record) -> int:
    """The thread of Redis."""
    return int(world.worker_count)


@compiled
def _script(world: Record, me: int) -> None:
    my = process(world, me)
    script = my.script
    my.verdict = DONE  # all that CONFIRM_HOLD comes to: a sold key is remembered like a held one
    if script == HOLD_UNITS:
        my.verdict = _hold_units(world, my.order)
    elif script == RELEASE_HOLD:
        release_hold(world, my.order)
    elif script == ENQUEUE_ORDER:
        _enqueue(world, my.order)
    elif script == LEASE_SKU:
        my.leased = _lease_sku(world, line_of(world, my.line).sku, my.order)
    elif script == NEXT_TOKEN:
        world.token += 1
        my.token = world.token
    elif script == END_LEASES:
        _end_leases(world, my.order)


@compiled
def _hold_units(world: Record, order: int) -> int:
    """Take the order's units, if there are enough."""
    key = key_of(world, attempt_of(world, order).key)
    if key.held:
        return KEY_IN_PROGRESS
    for number in range(key.cart_start, key.cart_end):
        line = line_of(world, number)
        sku, of_shopper = sku_of(world, line.sku), holding(world, line.sku, key.shopper)
        has = holding_of(world, of_shopper).in_redis if of_shopper else 0
        if sku.limit and has + line.quantity > sku.limit:
            return LIMIT_REACHED
        if sku.in_redis < line.quantity:
            return SOLD_OUT
    key.held = 1
    _move(world, key, 1)
    return DONE


@compiled
def release_hold(world: Record, order: int) -> None:
    """The units are free again."""
    key = key_of(world, attempt_of(world, order).key)
    key.held = 0
    _move(world, key, -1)


@compiled
def _move(world: Record, key: Record, times: int) -> None:
    for number in range(key.cart_start, key.cart_end):
        line = line_of(world, number)
        sku = sku_of(world, line.sku)
        sku.in_redis -= times * line.quantity
        if sku.limit:
            holding_or_new(world, line.sku, key.shopper).in_redis += times * line.quantity


@compiled
def _enqueue(world: Record, order: int) -> None:
    """Put the order into the stream; its hold stays."""
    attempt_of(world, order).next_queued = 0
    if world.last_in_stream:
        attempt_of(world, world.last_in_stream).next_queued = order
    else:
        world.first_in_stream = order
    world.last_in_stream = order
    world.in_stream += 1


@compiled
def _lease_sku(world: Record, number: int, order: int) -> bool:
    """Give the order the lease, unless somebody has one that has not run out."""
    sku = sku_of(world, number)
    if sku.leased_to and world.now_s < sku.leased_until_s:
        return False
    sku.leased_to = order
    sku.leased_until_s = world.now_s + world.lease_s
    return True


@compiled
def _end_leases(world: Record, order: int) -> None:
    """End the leases that are still the order's."""
    key = key_of(world, attempt_of(world, order).key)
    for number in range(key.cart_start, key.cart_end):
        sku = sku_of(world, line_of(world, number).sku)
        if sku.leased_to == order:
            sku.leased_to = 0

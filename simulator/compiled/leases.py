"""An order's leases in Redis, compiled: `simulator.leases`."""

from __future__ import annotations

from simulator.compiled.board import knows_sold_out
from simulator.compiled.chances import poll
from simulator.compiled.events import PATIENCE, begin_process
from simulator.compiled.memory import Record
from simulator.compiled.parts import compiled
from simulator.compiled.redis import LEASE_SKU
from simulator.compiled.requests import ask_redis, enter_worker, leave_worker, sleep
from simulator.compiled.stations import give_back, take, watch
from simulator.compiled.stock import CONFLICT, DONE, GONE
from simulator.compiled.world import attempt_of, key_of, line_of, process, worker_of
from simulator.defaults import LEASE_POLL_S

_LOW_S, _HIGH_S = LEASE_POLL_S


@compiled
def take_leases(world: Record, me: int) -> bool:
    """Take those of all SKUs one after the other, up to one that cannot be had; `verdict`."""
    my = process(world, me)
    key = key_of(world, attempt_of(world, my.order).key)
    if my.lease == 0:
        my.lease = 1
        my.line = key.cart_start
    while my.line < key.cart_end:
        if not _take_lease(world, me):
            return False
        if my.verdict != DONE:
            break
        my.line += 1
    my.lease = 0
    return True


@compiled
def _take_lease(world: Record, me: int) -> bool:  # noqa: C901 - a line for each wait
    """Wait until one is first in the worker's line for this SKU, then ask again and again."""
    my = process(world, me)
    line = worker_of(world, my.worker).lines + line_of(world, my.line).sku
    if my.lease_one == 0:
        my.lease_one = 1
        my.until_s = world.now_s + world.lock_timeout_s
    if my.lease_one == 1:
        if not leave_worker(world, me):
            return False
        my.lease_one = 2
        my.gave_up = 0
        if not take(world, line, me):
            _watch(world, me, line)
            return False
    if my.lease_one == 2:
        if not enter_worker(world, me):
            return False
        my.verdict = CONFLICT
        if not my.gave_up and knows_sold_out(world, my.worker, my.order):
            my.verdict = GONE
            give_back(world, line)
        if my.gave_up or my.verdict == GONE:
            my.lease_one = 0
            return True
        my.lease_one = 3
        my.asked += 1
        my.may_lease = 1
    while True:
        if my.lease_one == 3:
            if not ask_redis(world, me, LEASE_SKU):
                return False
            if my.leased or world.now_s >= my.until_s:
                break
            my.lease_one = 4
        if not sleep(world, me, _pause_s(world, me)):
            return False
        my.lease_one = 3
        my.asked += 1
    my.lease_one = 0
    my.verdict = DONE if my.leased else CONFLICT
    give_back(world, line)
    return True


@compiled
def _pause_s(world: Record, me: int) -> float:
    my = process(world, me)
    return _LOW_S + (_HIGH_S - _LOW_S) * poll(world, attempt_of(world, my.order), my.asked)


@compiled
def _watch(world: Record, me: int, line: int) -> None:
    """Give up the place in line when patience ends."""
    my = process(world, me)
    my.waits_in = line
    my.epoch += 1
    if watch(world, me, my.worker):
        process(world, begin_process(world, PATIENCE)).worker = my.worker

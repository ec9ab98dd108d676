"""Locks of the database and its disk, compiled; as in `simulator.locks`."""

from __future__ import annotations

from simulator.compiled.chances import next_waiter
from simulator.compiled.events import DISTURBANCE, RESUME, WAKE, begin_process, event, later, soon
from simulator.compiled.memory import Record
from simulator.compiled.parts import compiled
from simulator.compiled.stations import CORES, DATABASE, compute, give_back, take
from simulator.compiled.world import lock_of, process, waiter_at


@compiled
def acquire(world: Record, me: int, number: int) -> bool:
    """Hold the lock to the end of the transaction, at once or after those who hold it and wait for it."""
    my, lock = process(world, me), lock_of(world, number)
    if my.acquire == 0:
        if lock.held_by == me:
            return True
        if lock.held_by == 0:
            _hold(world, me, number)
            return True
        waiter_at(world, number * world.lock_room + lock.waiters).process = me
        lock.waiters += 1
        give_back(world, CORES)
        my.acquire = 1
        return False
    if my.acquire == 1:
        my.acquire = 2
        if not take(world, CORES, me):
            return False
    if my.acquire == 2 and world.wake_s > 0:
        my.acquire = 3
        compute(world, me, world.wake_s, DATABASE)
        return False
    if my.acquire == 3 and lock.row >= 0:
        _disturb_others(world, lock)
    my.acquire = 0
    _hold(world, me, number)
    return True


@compiled
def _hold(world: Record, me: int, number: int) -> None:
    my, lock = process(world, me), lock_of(world, number)
    lock.held_by = me
    lock.next = 0
    if my.last_lock:
        lock_of(world, my.last_lock).next = number
    else:
        my.first_lock = number
    my.last_lock = number


@compiled
def _disturb_others(world: Record, lock: Record) -> None:
    """All who still wait for a row look whether they are next."""
    in_vain_s = world.wake_s * lock.waiters
    if in_vain_s > 0:
        process(world, begin_process(world, DISTURBANCE)).work_s = in_vain_s


@compiled
def release(world: Record, number: int) -> None:
    """Leave the lock to one of the waiters: of a row's, anyone; of a name's, the first."""
    lock = lock_of(world, number)
    count = lock.waiters
    if count == 0:
        lock.held_by = 0
        return
    first = number * world.lock_room
    chosen = first
    if lock.row >= 0:
        chosen += int(next_waiter(world, lock.row, world.served) * count)
        world.served += 1
        woken = waiter_at(world, chosen).process
        waiter_at(world, chosen).process = waiter_at(world, first + count - 1).process
    else:
        woken = waiter_at(world, first).process
        for place in range(first, first + count - 1):
            waiter_at(world, place).process = waiter_at(world, place + 1).process
    lock.waiters = count - 1
    lock.held_by = woken
    soon(world, event(RESUME, woken))


@compiled
def flush(world: Record, me: int) -> bool:  # noqa: C901 - a line for each wait
    """Wait for a flush of `flush_s` that begins after now, and hold a core; who comes meanwhile shares the
    next one."""
    my = process(world, me)
    if my.flush == 0:
        if world.flush_next:
            my.flush = 5
            world.first_next, world.last_next = _behind(world, me, world.first_next, world.last_next)
            return False
        my.flush = 2
        if world.flush_under_way:
            my.flush = 1
            world.flush_next = 1
            world.first_under_way, world.last_under_way = _behind(
                world, me, world.first_under_way, world.last_under_way
            )
            return False
    if my.flush == 1:
        my.flush = 2
        world.flush_next = 0
    if my.flush == 2:
        world.first_under_way, world.last_under_way = world.first_next, world.last_next
        world.first_next = world.last_next = 0
        world.flush_under_way = 1
        my.flush = 3
        later(world, my.flush_s, event(RESUME, me))
        return False
    if my.flush == 3:
        my.flush = 4
        if not take(world, CORES, me):
            return False
    if my.flush == 4:
        world.flush_under_way = 0
        if world.first_under_way:
            soon(world, event(WAKE, world.first_under_way))
            world.first_under_way = world.last_under_way = 0
    if my.flush == 5:
        my.flush = 6
        if not take(world, CORES, me):
            return False
    my.flush = 0
    return True


@compiled
def _behind(world: Record, me: int, first: int, last: int) -> tuple[int, int]:
    """A line with one more at its end."""
    process(world, me).next = 0
    if last:
        process(world, last).next = me
        return first, me
    return me, me

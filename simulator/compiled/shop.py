"""The workers' background work, compiled: `simulator.shop`; and what no order waits for."""

from __future__ import annotations

from simulator.compiled.events import RESUME, event, later
from simulator.compiled.inquiry import _end_awaiting
from simulator.compiled.memory import Record
from simulator.compiled.parts import compiled
from simulator.compiled.requests import timer_s
from simulator.compiled.stations import (
    DATABASE,
    enter,
    give_back,
    give_up,
    leave,
    run,
    still_waits,
    take,
    visit,
)
from simulator.compiled.world import (
    decided_at,
    gone_at,
    process,
    sku_of,
    thread_of,
    watch_of,
    work_of,
    worker_of,
)
from simulator.defaults import DECISIONS_WATCH_S


@compiled
def admit(world: Record, me: int) -> bool:
    """Accept a new connection: one in each round of the loop, however many knock."""
    my = process(world, me)
    worker = worker_of(world, my.worker)
    if my.admit == 0:
        my.admit = 1
        if not take(world, worker.door, me):
            return False
    my.thread_s = 0.0
    if not visit(world, me, worker.thread):
        return False
    my.admit = 0
    give_back(world, worker.door)
    return True


@compiled
def _look(world: Record, me: int) -> bool:
    """A statement of the worker's background work, over a connection of its own."""
    my = process(world, me)
    worker = worker_of(world, my.worker)
    if my.look == 0:
        my.look = 1
        my.thread_s = work_of(world, world.kept_answer_span).worker_s / 2
        if not take(world, worker.watch, me):
            return False
    if my.look == 1:
        if not visit(world, me, worker.thread):
            return False
        my.look = 2
        my.work_s = work_of(world, world.kept_answer_span).database_s
    if not run(world, me, DATABASE):
        return False
    my.look = 0
    return True


@compiled
def _seen(world: Record, me: int) -> bool:
    """The worker's part of what came of it."""
    my = process(world, me)
    worker = worker_of(world, my.worker)
    if my.look == 0:
        if not enter(world, me, worker.thread):
            return False
        my.look = 1
        thread_of(world, worker.thread).owed_s += my.thread_s
        give_back(world, worker.watch)
    if not leave(world, me, worker.thread):
        return False
    my.look = 0
    return True


@compiled
def watch_stock(world: Record, me: int) -> bool:
    """Keep one worker's sold-out board."""
    my = process(world, me)
    first = my.worker * world.sku_count
    if my.routine == 0:
        if not world.is_open:
            return True
        my.routine = 1
    if my.routine == 1:
        if not _look(world, me):
            return False
        my.routine = 2
        for number in range(world.sku_count):
            gone = gone_at(world, first + number)
            gone.next = 0
            if sku_of(world, number).unsold <= 0:
                gone.next = gone.now if gone.now else world.buyers + 1
    if not _seen(world, me):
        return False
    my.routine = 0
    for number in range(world.sku_count):
        gone_at(world, first + number).now = gone_at(world, first + number).next
    later(world, world.board_interval_s, event(RESUME, me))
    return False


@compiled
def watch_decisions(world: Record, me: int) -> bool:
    """Tell those who wait for a decision of it."""
    my = process(world, me)
    while True:
        if my.routine == 0:
            if not world.is_open:
                return True
            my.routine = 1
            later(world, timer_s(DECISIONS_WATCH_S), event(RESUME, me))
            return False
        if my.routine == 1:
            my.routine = 2 if worker_of(world, my.worker).awaited else 0
            continue
        if my.routine == 2:
            if not _look(world, me):
                return False
            my.routine = 3
            my.since = my.seen
            my.seen = world.decided_used
        if not _seen(world, me):
            return False
        my.routine = 0
        for number in range(my.since, my.seen):
            _end_awaiting(world, my.worker, decided_at(world, number).key, True)


@compiled
def end_patience(world: Record, me: int) -> bool:
    """Let those give up their place in a worker's lines who have waited for too long."""
    my = process(world, me)
    worker = worker_of(world, my.worker)
    while True:
        if my.routine == 1:
            my.routine = 0
            if still_waits(world, my.line):
                give_up(world, watch_of(world, my.line).process)
            _forget_watch(world, my.line)
        if not worker.first_watch:
            break
        my.line = worker.first_watch
        watched = watch_of(world, my.line)
        worker.first_watch = watched.next
        if not worker.first_watch:
            worker.last_watch = 0
        if still_waits(world, my.line):
            my.routine = 1
            later(world, watched.due_s - world.now_s, event(RESUME, me))
            return False
        _forget_watch(world, my.line)
    worker.is_watching = 0
    return True


@compiled
def _forget_watch(world: Record, number: int) -> None:
    watch_of(world, number).next = world.free_watch
    world.free_watch = number

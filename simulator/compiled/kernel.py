"""The kernel: events, one after the other, until nothing is left to happen."""

from __future__ import annotations

from numba import int64

from simulator.compiled.consumer import consume
from simulator.compiled.crowd import serve
from simulator.compiled.events import (
    CLOSE,
    CONSUMER_PROCESS,
    CROWD_PATIENCE,
    DISTURBANCE,
    JOURNEY,
    MERGER_PROCESS,
    NOTHING,
    OPEN,
    PATIENCE,
    RESUME,
    SERVE,
    VISIT,
    WAKE,
    WATCH_DECISIONS,
    WATCH_STOCK,
    WINDOW,
    begin_process,
    close_up,
    end_process,
    event,
    happens,
    kind_of,
    next_event,
    owner_of,
    round_of,
    soon,
)
from simulator.compiled.journeys import end_crowd_patience, journey, visit_all
from simulator.compiled.memory import Record
from simulator.compiled.merging import end_window
from simulator.compiled.parts import compile_kept, compiled, kept
from simulator.compiled.pointers import prefetch
from simulator.compiled.shop import end_patience, watch_decisions, watch_stock
from simulator.compiled.stations import DATABASE, run
from simulator.compiled.together import work_off_merger
from simulator.compiled.world import arrival_of, heap_at, process, world_at


@compiled
def _resume(world: Record, me: int) -> None:
    if _goes_on(world, me):
        if process(world, me).kind == VISIT:
            soon(world, event(CLOSE, 0))
        end_process(world, me)


@compiled
def _goes_on(world: Record, me: int) -> bool:
    """Let a process go on; whether it came to its end."""
    kind = process(world, me).kind
    if kind == SERVE:
        return serve(world, me)
    if kind == CROWD_PATIENCE:
        return end_crowd_patience(world, me)
    if kind == VISIT:
        return visit_all(world, me)
    if kind == WATCH_STOCK:
        return watch_stock(world, me)
    if kind == WATCH_DECISIONS:
        return watch_decisions(world, me)
    if kind == MERGER_PROCESS:
        return work_off_merger(world, me)
    if kind == DISTURBANCE:
        return run(world, me, DATABASE)
    if kind == PATIENCE:
        return end_patience(world, me)
    return consume(world, me)


@compiled
def _wake_all(world: Record, first: int) -> None:
    """Let all processes of a line go on."""
    while first:
        following = process(world, first).next
        _resume(world, first)
        first = following


@compiled
def _happens(world: Record, happened: int) -> None:
    kind = kind_of(happened)
    if kind == RESUME:
        _resume(world, owner_of(happened))
    elif kind == JOURNEY:
        journey(world, owner_of(happened))
    elif kind == WAKE:
        _wake_all(world, owner_of(happened))
    elif kind == WINDOW:
        end_window(world, owner_of(happened), round_of(happened))
    elif kind == OPEN:
        _open(world)
    elif kind == CLOSE:
        world.is_open = 0
    elif happens(world, owner_of(happened), kind, round_of(happened)):
        _resume(world, owner_of(happened))


@compiled
def _prefetch_next(world: Record) -> None:
    """Have at hand whom the next event is for, if it is a shopper or a process; else nothing comes of it."""
    if world.heap_used > 0:
        expected = heap_at(world, 0).what
        if kind_of(expected) == JOURNEY:
            prefetch(arrival_of(world, owner_of(expected)))
        else:
            prefetch(process(world, owner_of(expected)))


@compiled
def _open(world: Record) -> None:
    """Let those begin that are there from the beginning."""
    world.is_open = 1
    if world.has_consumer:
        consumer = process(world, begin_process(world, CONSUMER_PROCESS))
        consumer.merger = world.mergers_used - 1
        consumer.thread = world.threads_used - 1
    for worker in range(world.worker_count):
        process(world, begin_process(world, WATCH_STOCK)).worker = worker
        if world.has_consumer:
            process(world, begin_process(world, WATCH_DECISIONS)).worker = worker
    begin_process(world, VISIT)


@kept
def go_on(address: int) -> bool:
    """Let things happen until nothing is left, or the memory is short; whether it is the former."""
    world = world_at(address)
    while not world.is_short:
        if world.soon_used * 2 > world.soon_room:
            close_up(world)
        happened = next_event(world)
        if happened == NOTHING:
            return True
        _prefetch_next(world)
        _happens(world, happened)
    return False


def prepare() -> None:
    """Have the kernel compiled, and kept for others: the first time it takes half a minute, then a second."""
    compile_kept(go_on, int64)

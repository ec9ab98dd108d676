"""What many ask for at nearly the same time is done once, compiled: `simulator.merging`.

Each worker has a merger for its batches, one for its journal, one for questions, and one for each lane.
"""

from __future__ import annotations

from simulator.compiled.events import (
    ANSWERED,
    CONNECTED,
    MERGER_PROCESS,
    RESUME,
    begin_process,
    event,
    later,
    soon,
    trigger,
    window_event,
)
from simulator.compiled.memory import Record
from simulator.compiled.parts import compiled
from simulator.compiled.requests import timer_s
from simulator.compiled.stations import give_back, take
from simulator.compiled.world import attempt_of, member_at, merger_of, process, worker_of

BATCHES, JOURNALS, QUESTIONS, LANES = 0, 1, 2, 3  # the first of a worker's lanes
_NOT, _UNTIL_FULL, _NO_MORE = 0, 1, 2  # whether a merger waits


@compiled
def member(world: Record, merger: int, number: int) -> Record:
    """An order of the batch that is worked on."""
    return member_at(world, merger * world.batch_most + number)


@compiled
def submit(world: Record, number: int, order: int) -> None:
    """Let an order be in a batch."""
    merger = merger_of(world, number)
    attempt_of(world, order).next_waiting = 0
    if merger.last:
        attempt_of(world, merger.last).next_waiting = order
    else:
        merger.first = order
    merger.last = order
    merger.count += 1
    if merger.round and not merger.is_full and merger.count >= merger.most:
        merger.is_full = 1
        soon(world, window_event(number, merger.round))
    if not merger.process:
        merger.process = begin_process(world, MERGER_PROCESS)
        its = process(world, merger.process)
        its.merger = number
        its.batch = 0


@compiled
def end_window(world: Record, number: int, round_: int) -> None:
    """A merger is full or has waited for long enough; let it go on, unless it does so already."""
    merger = merger_of(world, number)
    if merger.round == round_ and merger.waits == _UNTIL_FULL:
        merger.waits = _NO_MORE
        soon(world, event(RESUME, merger.process))


@compiled
def collect(world: Record, me: int) -> bool:
    """Wait until a merger is full or its window is over; then have its batch, and a connection."""
    my = process(world, me)
    number = my.merger
    merger = merger_of(world, number)
    pool = worker_of(world, my.worker).pool
    if my.batch == 0:
        my.batch = 1
        if merger.window_s > 0 and merger.count < merger.most:
            merger.round += 1
            merger.is_full = 0
            merger.waits = _UNTIL_FULL
            later(world, timer_s(merger.window_s), window_event(number, merger.round))
            return False
    if my.batch == 1:
        my.batch = 2
        merger.waits = _NOT
        _fill(world, number)
        if not take(world, pool, me):
            return False
    for place in range(merger.in_batch):
        trigger(world, attempt_of(world, member(world, number, place).order).process, CONNECTED)
    my.batch = 0
    return True


@compiled
def _fill(world: Record, number: int) -> None:
    merger = merger_of(world, number)
    merger.in_batch = min(merger.most, merger.count)
    merger.count -= merger.in_batch
    for place in range(merger.in_batch):
        member(world, number, place).order = merger.first
        merger.first = attempt_of(world, merger.first).next_waiting
    if not merger.first:
        merger.last = 0


@compiled
def answer_all(world: Record, me: int) -> None:
    """Give the connection back, and tell all of the batch."""
    my = process(world, me)
    number = my.merger
    give_back(world, worker_of(world, my.worker).pool)
    for place in range(merger_of(world, number).in_batch):
        one = member(world, number, place)
        answered = attempt_of(world, one.order).process
        process(world, answered).verdict = one.verdict
        trigger(world, answered, ANSWERED)

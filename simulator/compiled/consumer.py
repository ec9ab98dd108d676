"""The process that decides what was queued, compiled; as in `simulator.together`."""

from __future__ import annotations

from simulator.compiled.deciding import OF_CONSUMER, OF_REDIS, decide, sum_s
from simulator.compiled.events import RESUME, event, later
from simulator.compiled.intake import conclude
from simulator.compiled.memory import Record
from simulator.compiled.merging import member
from simulator.compiled.parts import compiled
from simulator.compiled.redis import redis_thread, release_hold
from simulator.compiled.requests import once, timer_s
from simulator.compiled.stations import DATABASE, run, visit
from simulator.compiled.stock import DONE
from simulator.compiled.world import attempt_of, key_of, merger_of, process, stage_of, together_at
from simulator.defaults import BATCH_MOST
from simulator.strategies import Step

_DECIDE, _READ_STREAM = Step.DECIDE.value, Step.READ_STREAM.value


@compiled
def consume(world: Record, me: int) -> bool:  # noqa: C901 - a line for each wait
    """Until the shop is closed and nothing is left to decide."""
    my = process(world, me)
    batch = merger_of(world, my.merger)
    while True:
        if my.routine == 0:
            my.routine = 1
            my.closing = not world.is_open
        if my.routine == 1:
            if not _read(world, me):
                return False
            if not batch.in_batch:
                my.routine = 0
                if my.closing:
                    return True
                later(world, timer_s(world.batch_window_s), event(RESUME, me))
                return False
            my.stage = world.stage_count + 1
            my.routine = 2
        stage = stage_of(world, my.stage)
        if stage.step == _DECIDE:
            if not _decide_queued(world, me, stage.span):
                return False
        elif not _settle(world, me, stage.span):
            return False
        my.stage += 1
        if my.stage == world.stages_used:
            my.routine = 0


@compiled
def _read(world: Record, me: int) -> bool:
    my = process(world, me)
    stage = stage_of(world, world.stage_count)
    work = once(world, stage.span)
    if my.read == 0:
        my.read = 1
        together_at(world, stage.span).times += 1
        my.thread_s = work.consumer_s / 2
    if my.read == 1:
        if not visit(world, me, my.thread):
            return False
        my.read = 2
        my.thread_s = work.redis_s
        my.work_s = work.database_s
    if my.read == 2:
        if stage.step == _READ_STREAM:
            if not visit(world, me, redis_thread(world)):
                return False
            _next_of_stream(world, my.merger)
        else:
            if not run(world, me, DATABASE):
                return False
            _first_of_intake(world, my.merger)
        my.read = 3
        my.thread_s = work.consumer_s / 2
    if not visit(world, me, my.thread):
        return False
    my.read = 0
    return True


@compiled
def _next_of_stream(world: Record, number: int) -> None:
    batch = merger_of(world, number)
    batch.in_batch = min(BATCH_MOST, world.in_stream)
    world.in_stream -= batch.in_batch
    for place_ in range(batch.in_batch):
        member(world, number, place_).order = world.first_in_stream
        world.first_in_stream = attempt_of(world, world.first_in_stream).next_queued
    if not world.first_in_stream:
        world.last_in_stream = 0


@compiled
def _first_of_intake(world: Record, number: int) -> None:
    batch = merger_of(world, number)
    batch.in_batch = 0
    key = world.first_queued
    while key and batch.in_batch < BATCH_MOST:
        member(world, number, batch.in_batch).order = key_of(world, key).queued
        batch.in_batch += 1
        key = key_of(world, key).next_queued


@compiled
def _decide_queued(world: Record, me: int, span: int) -> bool:
    my = process(world, me)
    number = my.merger
    if my.deciding_all == 0:
        my.whole_s = once(world, span).consumer_s + sum_s(world, number, span, OF_CONSUMER, True)
    if not decide(world, me, span):
        return False
    for place_ in range(merger_of(world, number).in_batch):
        one = member(world, number, place_)
        conclude(world, one.order, one.verdict)
    return True


@compiled
def _settle(world: Record, me: int, span: int) -> bool:
    """Tell Redis of all orders side by side, then that they are done."""
    my = process(world, me)
    number = my.merger
    if my.settle == 0:
        my.settle = 1
        together_at(world, span).times += 1
        my.whole_s = once(world, span).consumer_s + sum_s(world, number, span, OF_CONSUMER, False)
        my.rest_s = once(world, span).redis_s + sum_s(world, number, span, OF_REDIS, False)
        my.thread_s = my.whole_s / 2
    if my.settle == 1:
        if not visit(world, me, my.thread):
            return False
        my.settle = 2
        my.thread_s = my.rest_s
    if my.settle == 2:
        if not visit(world, me, redis_thread(world)):
            return False
        my.settle = 3
        for place_ in range(merger_of(world, number).in_batch):
            order = member(world, number, place_).order
            if key_of(world, attempt_of(world, order).key).decision != DONE:
                release_hold(world, order)
        my.thread_s = my.whole_s / 2
    if not visit(world, me, my.thread):
        return False
    my.settle = 0
    return True

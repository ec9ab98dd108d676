"""What is done once for many orders, compiled: `simulator.together`."""

from __future__ import annotations

from simulator.compiled.database import begin_commit, commit_all, place
from simulator.compiled.deciding import OF_DATABASE, decide, sum_s, worker_s_of
from simulator.compiled.intake import accept
from simulator.compiled.memory import Record
from simulator.compiled.merging import BATCHES, JOURNALS, QUESTIONS, answer_all, collect, member
from simulator.compiled.parts import compiled
from simulator.compiled.requests import once, work_for
from simulator.compiled.stations import DATABASE, run, visit
from simulator.compiled.stock import QUEUED
from simulator.compiled.world import merger_of, process, together_at, work_of, worker_of


@compiled
def work_off_merger(world: Record, me: int) -> bool:
    """The process of a merger, as long as somebody waits."""
    my = process(world, me)
    number = my.merger
    merger = merger_of(world, number)
    if my.routine == 0:
        my.worker = merger.worker
    while True:
        if my.routine == 0:
            if not merger.count:
                break
            my.routine = 1
        if my.routine == 1:
            if not collect(world, me):
                return False
            my.routine = 2
        if not _serve(world, me):
            return False
        my.routine = 0
        answer_all(world, me)
    merger.process = 0
    return True


@compiled
def _serve(world: Record, me: int) -> bool:
    my = process(world, me)
    what = merger_of(world, my.merger).kind
    if what == BATCHES:
        my.thread = worker_of(world, my.worker).thread
        if my.deciding_all == 0:
            my.whole_s = worker_s_of(world, my.merger)
        return decide(world, me, merger_of(world, my.merger).span)
    if what == JOURNALS:
        return _accept_all(world, me)
    if what == QUESTIONS:
        return _look_up(world, me)
    return _place_all(world, me)


@compiled
def _place_all(world: Record, me: int) -> bool:  # noqa: C901 - a line for each wait
    """All orders in one message, each placed and committed for itself."""
    my = process(world, me)
    number = my.merger
    merger = merger_of(world, number)
    thread = worker_of(world, my.worker).thread
    if my.read == 0:
        my.read = 1
        together_at(world, merger.span).times += 1
        my.thread_s = worker_s_of(world, number) / 2
    if my.read == 1:
        if not visit(world, me, thread):
            return False
        my.read = 2
        my.work_s = once(world, merger.span).database_s
    if my.read == 2:
        if not run(world, me, DATABASE):
            return False
        my.read = 3
        my.stage = 0
        my.alone = 1
    while my.read == 3:
        if my.place == 0:
            my.order = member(world, number, my.stage).order
            my.work = work_for(world, my.order, merger.span)
        if not place(world, me):
            return False
        member(world, number, my.stage).verdict = my.verdict
        my.stage += 1
        if my.stage == merger.in_batch:
            my.read = 4
    if not visit(world, me, thread):
        return False
    my.read = 0
    return True


@compiled
def _accept_all(world: Record, me: int) -> bool:
    """All orders into the intake."""
    my = process(world, me)
    number = my.merger
    merger = merger_of(world, number)
    thread = worker_of(world, my.worker).thread
    if my.read == 0:
        my.read = 1
        together_at(world, merger.span).times += 1
        my.thread_s = worker_s_of(world, number) / 2
    if my.read == 1:
        if not visit(world, me, thread):
            return False
        my.read = 2
        work = once(world, merger.span)
        database_s = work.database_s + sum_s(world, number, merger.span, OF_DATABASE, True)
        begin_commit(world, me, database_s, work.flush_s)
    if my.read == 2:
        if not commit_all(world, me):
            return False
        my.read = 3
        for place_ in range(merger.in_batch):
            one = member(world, number, place_)
            one.verdict = accept(world, one.order)
    if not visit(world, me, thread):
        return False
    my.read = 0
    return True


@compiled
def _look_up(world: Record, me: int) -> bool:
    """Whether orders are decided."""
    my = process(world, me)
    thread = worker_of(world, my.worker).thread
    look_up = work_of(world, world.kept_answer_span)
    if my.read == 0:
        my.read = 1
        my.thread_s = look_up.worker_s / 2
    if my.read == 1:
        if not visit(world, me, thread):
            return False
        my.read = 2
        my.work_s = look_up.database_s
    if my.read == 2:
        if not run(world, me, DATABASE):
            return False
        my.read = 3
    if not visit(world, me, thread):
        return False
    my.read = 0
    for place_ in range(merger_of(world, my.merger).in_batch):
        member(world, my.merger, place_).verdict = QUEUED
    return True

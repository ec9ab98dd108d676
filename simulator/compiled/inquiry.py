"""Requests that are no orders, compiled: product pages, and what became of a queued order."""

from __future__ import annotations

from simulator.compiled.answers import PAGE_SHOWN
from simulator.compiled.database import SELECT
from simulator.compiled.events import ANSWERED, DECIDED, HAPPENED, PENDING, trigger
from simulator.compiled.memory import Record
from simulator.compiled.merging import QUESTIONS, submit
from simulator.compiled.parts import compiled
from simulator.compiled.requests import ask, connect, disconnect, enter_worker, leave_worker, spend, work_for
from simulator.compiled.stock import DONE
from simulator.compiled.world import attempt_of, key_of, process, work_of, worker_of


@compiled
def page(world: Record, me: int) -> bool:
    """Read a product, and show it."""
    my = process(world, me)
    if my.page == 0:
        if not enter_worker(world, me):
            return False
        my.page = 1
    if my.page == 1:
        if not connect(world, me):
            return False
        my.page = 2 if my.verdict == DONE else 3
        my.work = world.works_used - 1
        my.server = SELECT
    if my.page == 2:
        if not ask(world, me):
            return False
        my.page = 3
    if my.page == 3:
        disconnect(world, me)
        my.page = 4
    if not leave_worker(world, me):
        return False
    my.page = 0
    my.answer = PAGE_SHOWN if my.verdict == DONE else my.verdict
    return True


@compiled
def inquiry(world: Record, me: int) -> bool:  # noqa: C901 - a line for each wait
    """What became of a queued order: look with all who ask, then wait for the worker's own look."""
    my = process(world, me)
    key = key_of(world, attempt_of(world, my.order).key)
    if my.inquiry == 0:
        my.inquiry = 1
        my.work = work_for(world, my.order, world.inquiry_span)
        _await_decision(world, me)
    if my.inquiry == 1:
        if not enter_worker(world, me):
            return False
        my.inquiry = 2
        spend(world, me, work_of(world, my.work).worker_s / 2)
        my.connected = my.answered = PENDING
        submit(world, worker_of(world, my.worker).mergers + QUESTIONS, my.order)
    if my.inquiry == 2:
        if not leave_worker(world, me):
            return False
        my.inquiry = 3
    if my.inquiry == 3:
        if my.answered != HAPPENED:
            my.awaits = ANSWERED
            return False
        my.inquiry = 4
    while my.inquiry < 7:
        if my.inquiry == 4:
            if not enter_worker(world, me):
                return False
            my.inquiry = 5 if key.queued else 7
            if key.queued and my.decided != PENDING:  # that was before the order was queued again
                _await_decision(world, me)
        elif my.inquiry == 5:
            if not leave_worker(world, me):
                return False
            my.inquiry = 6
        else:
            if my.decided != HAPPENED:
                my.awaits = DECIDED
                return False
            my.inquiry = 4
    if my.inquiry == 7:
        my.inquiry = 8
        my.answer = key.decision
        _end_awaiting(world, my.worker, attempt_of(world, my.order).key, False)
        spend(world, me, work_of(world, my.work).worker_s / 2)
    if not leave_worker(world, me):
        return False
    my.inquiry = 0
    return True


@compiled
def _await_decision(world: Record, me: int) -> None:
    my = process(world, me)
    my.decided = PENDING
    my.epoch += 1
    key = key_of(world, attempt_of(world, my.order).key)
    before, last = key.first_awaiting, 0
    is_first = 1
    while before:
        last = before
        if process(world, before).worker == my.worker:
            is_first = 0
        before = process(world, before).next_awaiting
    my.next_awaiting = 0
    if last:
        process(world, last).next_awaiting = me
    else:
        key.first_awaiting = me
    worker_of(world, my.worker).awaited += is_first


@compiled
def _end_awaiting(world: Record, worker: int, number: int, tells: bool) -> None:
    """Let nobody at this worker await the decision of the key any more; it may be told before."""
    key = key_of(world, number)
    one = key.first_awaiting
    kept, found = 0, 0
    key.first_awaiting = 0
    while one:
        following = process(world, one).next_awaiting
        if process(world, one).worker == worker:
            found = 1
            if tells:
                trigger(world, one, DECIDED)
        else:
            process(world, one).next_awaiting = 0
            if kept:
                process(world, kept).next_awaiting = one
            else:
                key.first_awaiting = one
            kept = one
        one = following
    worker_of(world, worker).awaited -= found

"""One order's way through a worker, compiled: `simulator.checkout`, stage by stage."""

from __future__ import annotations

from simulator.compiled.answers import SOLD_OUT_ON_THE_BOARD
from simulator.compiled.board import knows_sold_out
from simulator.compiled.chances import back_off
from simulator.compiled.database import KEPT_ANSWER
from simulator.compiled.memory import Record
from simulator.compiled.parts import compiled
from simulator.compiled.requests import (
    ask,
    clock,
    connect,
    disconnect,
    enter_worker,
    leave_worker,
    sleep,
    spend,
    work_for,
)
from simulator.compiled.steps import _DISCONNECT, do_step
from simulator.compiled.stock import (
    CONFLICT,
    DONE,
    KEY_IN_PROGRESS,
    LIMIT_REACHED,
    REPLAYED,
    SOLD_OUT,
    STOCK_CHANGED,
)
from simulator.compiled.undoing import note_span, undo
from simulator.compiled.world import acquainted_at, attempt_of, key_of, process, stage_of, work_of
from simulator.defaults import BACK_OFF_DOUBLINGS


@compiled
def checkout(world: Record, me: int) -> bool:
    """From the bytes of the request to those of the `answer`."""
    my = process(world, me)
    if my.checkout == 0:
        if not enter_worker(world, me):
            return False
        _identify(world, me)
        if knows_sold_out(world, my.worker, my.order):
            my.checkout = 3
            my.answer = SOLD_OUT_ON_THE_BOARD
            spend(world, me, world.board_s)
        else:
            my.checkout = 1
            spend(world, me, work_of(world, work_for(world, my.order, world.accept_span)).worker_s)
    if my.checkout == 1:
        if not _place_order(world, me):
            return False
        my.checkout = 2
        my.answer = my.verdict
        spend(world, me, work_of(world, work_for(world, my.order, world.respond_span)).worker_s)
    if not leave_worker(world, me):
        return False
    my.checkout = 0
    return True


@compiled
def _identify(world: Record, me: int) -> None:
    """Check the shopper's token, unless this worker has seen it before."""
    my = process(world, me)
    shopper = key_of(world, attempt_of(world, my.order).key).shopper
    known = acquainted_at(world, shopper * world.worker_count + my.worker)
    if not known.token:
        known.token = 1
        spend(world, me, world.identify_s)


@compiled
def _place_order(world: Record, me: int) -> bool:
    my = process(world, me)
    if my.deciding == 0:
        if not _try_until_decided(world, me):
            return False
        verdict = my.verdict
        if verdict not in (SOLD_OUT, LIMIT_REACHED, CONFLICT, KEY_IN_PROGRESS):
            return True
        # Perhaps it was this very order, sent before, that took the last unit.
        my.deciding = 1
        my.refusal = verdict
        my.began_s = clock(world, me)
        my.work = work_for(world, my.order, world.kept_answer_span)
    if my.deciding == 1:
        if not connect(world, me):
            return False
        my.deciding = 2
    if my.verdict == DONE:
        my.server = KEPT_ANSWER
        if not ask(world, me):
            return False
        disconnect(world, me)
        my.verdict = REPLAYED if my.knows else my.refusal
    my.deciding = 0
    note_span(world, me, world.kept_answer_span)
    return True


@compiled
def _try_until_decided(world: Record, me: int) -> bool:
    my = process(world, me)
    if my.trying == 0:
        my.trying = 2
        my.tried = 0
    while True:
        if my.trying == 1:
            doublings = min(my.tried - 1, BACK_OFF_DOUBLINGS)
            ceiling_s = world.try_backoff_s * 2.0**doublings
            if not sleep(world, me, ceiling_s * back_off(world, attempt_of(world, my.order), my.tried)):
                return False
            my.trying = 2
        if not _go_through_stages(world, me):
            return False
        my.tried += 1
        if my.verdict != STOCK_CHANGED or my.tried == world.tries:
            break
        my.trying = 1
    my.trying = 0
    if my.verdict == STOCK_CHANGED:
        my.verdict = CONFLICT
    return True


@compiled
def _go_through_stages(world: Record, me: int) -> bool:
    """All stages, or those up to the one that refuses; what they leave open is undone, the last first."""
    my = process(world, me)
    if my.going == 0:
        my.success = DONE
        my.stage = 0
        _begin_stage(world, me)
        my.going = 1
    while my.going == 1:
        stage = stage_of(world, my.stage)
        if not do_step(world, me, stage.step):
            return False
        my.step = 0
        if stage.step != _DISCONNECT:
            note_span(world, me, stage.span)
        my.stage += 1
        if my.verdict != DONE or my.stage == world.stage_count:
            my.refusal = my.verdict
            my.going = 2
        else:
            _begin_stage(world, me)
    while my.undo:
        if not undo(world, me, my.undo & 7):
            return False
        my.undoing = 0
        my.undo >>= 3
    my.going = 0
    my.verdict = my.success if my.refusal == DONE else my.refusal
    return True


@compiled
def _begin_stage(world: Record, me: int) -> None:
    my = process(world, me)
    my.work = work_for(world, my.order, stage_of(world, my.stage).span)
    my.began_s = clock(world, me)

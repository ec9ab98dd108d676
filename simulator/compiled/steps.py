"""What each step of a strategy does for one order, compiled; as in `simulator.checkout`."""

from __future__ import annotations

from simulator.compiled.database import (
    COMMIT,
    LOCK,
    LOCK_NAMES,
    LOCK_UNITS,
    PLACE,
    READ,
    READ_FENCED,
    RELEASE,
    RESERVE,
    SELECT,
)
from simulator.compiled.leases import take_leases
from simulator.compiled.memory import Record
from simulator.compiled.merging import BATCHES, JOURNALS
from simulator.compiled.parts import compiled
from simulator.compiled.records import MOST_LINES
from simulator.compiled.redis import (
    CONFIRM_HOLD,
    END_LEASES,
    ENQUEUE_ORDER,
    HOLD_UNITS,
    NEXT_TOKEN,
    RELEASE_HOLD,
)
from simulator.compiled.requests import ask, ask_redis, connect, disconnect, spend
from simulator.compiled.stock import DONE, QUEUED, SOLD_OUT
from simulator.compiled.undoing import CONNECTION, HELD_UNITS, LEASES, TRANSACTION, close, is_open, leave_open
from simulator.compiled.waiting import (
    BATCH,
    JOURNAL,
    LINE_UP,
    SEND,
    be_answered,
    be_batched,
    line_up,
    succeed,
)
from simulator.compiled.world import attempt_of, key_of, known_at, line_of, process, work_of
from simulator.strategies import Step, Take

_RESERVED = Take.RESERVED.value
_CONNECT, _DISCONNECT, _BEGIN_STEP = Step.CONNECT.value, Step.DISCONNECT.value, Step.BEGIN.value
_READ, _READ_FENCED, _LOCK = Step.READ.value, Step.READ_FENCED.value, Step.LOCK.value
_LOCK_UNITS, _LOCK_NAMES = Step.LOCK_UNITS.value, Step.LOCK_NAMES.value
_RESERVE, _PLACE, _COMMIT = Step.RESERVE.value, Step.PLACE.value, Step.COMMIT.value
_LEASE_STEP, _LEASE_FENCED, _UNLEASE = Step.LEASE.value, Step.LEASE_FENCED.value, Step.UNLEASE.value
_HOLD_STEP, _CONFIRM, _ENQUEUE = Step.HOLD.value, Step.CONFIRM.value, Step.ENQUEUE.value


@compiled
def do_step(world: Record, me: int, step: int) -> bool:  # noqa: C901 - one line for each
    """Do a step with its `work`; `verdict` says how it went."""
    if step == SEND:
        return be_answered(world, me)
    if step == LINE_UP:
        return line_up(world, me)
    if step == _CONNECT:
        return _take_connection(world, me)
    if step == _DISCONNECT:
        return _give_connection_back(world, me)
    if step == _PLACE:
        return _place(world, me)
    if step == _HOLD_STEP:
        return _hold(world, me)
    if step == _CONFIRM:
        return _end_hold(world, me, CONFIRM_HOLD, DONE)
    if step == _ENQUEUE:
        return _end_hold(world, me, ENQUEUE_ORDER, QUEUED)
    if step in (_LEASE_STEP, _LEASE_FENCED):
        return _take_lease(world, me, step)
    if step == _UNLEASE:
        return _give_lease_back(world, me)
    if step in (BATCH, JOURNAL):
        return be_batched(world, me, BATCHES if step == BATCH else JOURNALS)
    return _ask_database(world, me, step)


@compiled
def _take_connection(world: Record, me: int) -> bool:
    my = process(world, me)
    if not connect(world, me):
        return False
    spend(world, me, work_of(world, my.work).worker_s)
    if my.verdict == DONE:
        leave_open(world, me, CONNECTION)
    return True


@compiled
def _give_connection_back(world: Record, me: int) -> bool:
    close(world, me, CONNECTION)
    disconnect(world, me)
    process(world, me).verdict = DONE
    return True


@compiled
def _ask_database(world: Record, me: int, step: int) -> bool:
    my = process(world, me)
    my.server = _server_for(step)
    if not ask(world, me):
        return False
    if step == _BEGIN_STEP:
        my.begin_work = my.work
        leave_open(world, me, TRANSACTION)
        my.verdict = DONE
    elif step == _COMMIT:
        close(world, me, TRANSACTION)
        my.verdict = DONE
    elif step == _LOCK_NAMES:
        my.verdict = DONE
    elif step in (_READ, _LOCK) or (step == _READ_FENCED and my.verdict == DONE):
        my.verdict = DONE if _enough(world, me) else SOLD_OUT
    return True


@compiled
def _server_for(step: int) -> int:
    if step == _BEGIN_STEP:
        return SELECT
    if step == _COMMIT:
        return COMMIT
    if step == _READ:
        return READ
    if step == _LOCK:
        return LOCK
    if step == _READ_FENCED:
        return READ_FENCED
    if step == _LOCK_UNITS:
        return LOCK_UNITS
    if step == _LOCK_NAMES:
        return LOCK_NAMES
    return RESERVE


@compiled
def _enough(world: Record, me: int) -> bool:
    my = process(world, me)
    key = key_of(world, attempt_of(world, my.order).key)
    for place in range(key.cart_end - key.cart_start):
        if (
            known_at(world, me * MOST_LINES + place).available
            < line_of(world, key.cart_start + place).quantity
        ):
            return False
    return True


@compiled
def _place(world: Record, me: int) -> bool:
    my = process(world, me)
    if my.step == 0:
        my.alone = not is_open(world, me, TRANSACTION)
        my.server = PLACE
        if not ask(world, me):
            return False
        if world.take == _RESERVED and my.verdict != DONE:
            my.step = 1
    if my.step == 1:
        my.server = RELEASE
        if not ask(world, me):
            return False
    succeed(world, me)
    return True


@compiled
def _hold(world: Record, me: int) -> bool:
    my = process(world, me)
    if not ask_redis(world, me, HOLD_UNITS):
        return False
    if my.verdict == DONE:
        my.hold_work = my.work
        leave_open(world, me, HELD_UNITS)
    return True


@compiled
def _end_hold(world: Record, me: int, script: int, wanted: int) -> bool:
    """Do what follows a hold, or release it where the order was placed before."""
    my = process(world, me)
    if my.step == 0:
        my.step = 1
        close(world, me, HELD_UNITS)
    return ask_redis(world, me, script if my.success == wanted else RELEASE_HOLD)


@compiled
def _take_lease(world: Record, me: int, step: int) -> bool:
    my = process(world, me)
    if my.step == 0:
        if not take_leases(world, me):
            return False
        if my.may_lease:
            leave_open(world, me, LEASES)
        if my.verdict != DONE or step == _LEASE_STEP:
            return True
        my.step = 1
    if not ask_redis(world, me, NEXT_TOKEN):
        return False
    my.knows = 0
    return True


@compiled
def _give_lease_back(world: Record, me: int) -> bool:
    my = process(world, me)
    if my.step == 0:
        my.step = 1
        my.may_lease = 0
        close(world, me, LEASES)
    return ask_redis(world, me, END_LEASES)

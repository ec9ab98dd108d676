"""What an order leaves open until another step closes it, and the spans of its steps, compiled."""

from __future__ import annotations

from simulator.compiled.database import ROLL_BACK
from simulator.compiled.events import free_or_new_span
from simulator.compiled.memory import Record
from simulator.compiled.parts import compiled
from simulator.compiled.redis import END_LEASES, RELEASE_HOLD
from simulator.compiled.requests import ask, ask_redis, clock, disconnect, work_for
from simulator.compiled.world import process, span_of

# What is to be undone, three bits each:
CONNECTION, TRANSACTION, HELD_UNITS, LEASES = 1, 2, 3, 4


@compiled
def note_span(world: Record, me: int, name: int) -> None:
    """What has begun is over."""
    my, number = process(world, me), free_or_new_span(world)
    span = span_of(world, number)
    span.name = name
    span.ms = max(0.0, clock(world, me) - my.began_s) * 1e3
    span.next = 0
    if my.last_span:
        span_of(world, my.last_span).next = number
    else:
        my.first_span = number
    my.last_span = number


@compiled
def leave_open(world: Record, me: int, what: int) -> None:
    """Have something undone unless another step closes it."""
    my = process(world, me)
    my.undo = (my.undo << 3) | what


@compiled
def close(world: Record, me: int, what: int) -> None:
    """It need not be undone."""
    my = process(world, me)
    place = 0
    while (my.undo >> place) & 7 != what:
        place += 3
    my.undo = ((my.undo >> (place + 3)) << place) | (my.undo & ((1 << place) - 1))


@compiled
def is_open(world: Record, me: int, what: int) -> bool:
    """Whether it is to be undone."""
    undo = process(world, me).undo
    while undo:
        if undo & 7 == what:
            return True
        undo >>= 3
    return False


@compiled
def undo(world: Record, me: int, what: int) -> bool:
    """Undo it."""
    my = process(world, me)
    if what == CONNECTION:
        disconnect(world, me)
        return True
    if what == TRANSACTION:
        my.work = my.begin_work
        my.server = ROLL_BACK
        return ask(world, me)
    if what == HELD_UNITS:
        my.work = my.hold_work
        return ask_redis(world, me, RELEASE_HOLD)
    if my.undoing == 0:
        my.undoing = 1
        my.may_lease = 0
        my.work = work_for(world, my.order, world.unlease_span)
        my.began_s = clock(world, me)
    if not ask_redis(world, me, END_LEASES):
        return False
    note_span(world, me, world.unlease_span)
    return True

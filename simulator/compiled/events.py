"""What happens when, in the order that SimPy has: by time, processes that start first, then as scheduled.

What is due at the present moment need not be sorted: it waits in two lines, one for processes that start, one
for the rest. An event in the heap that has become due was scheduled before any in the lines.

An event is one number: what it is, for whom, and the round of the one for whom it is.
"""

from __future__ import annotations

from simulator.compiled.memory import MARGIN, Record
from simulator.compiled.parts import compiled
from simulator.compiled.world import (
    effect_of,
    heap_at,
    new_effect,
    new_process,
    new_span,
    new_watch,
    process,
    soon_at,
    span_of,
    starting_at,
    watch_of,
)

# What happens, and for whom:
RESUME = 0  # a process has what it waited for
JOURNEY = 1  # an arrival
CONNECTED = 2  # a process, whether it waits for it yet or not
ANSWERED = 3
DECIDED = 4
WAKE = 5  # the processes of a line, of which this is the first
WINDOW = 6  # a merger: it is full, or has waited for long enough
CLOSE = 7  # the shop
OPEN = 8

NOTHING = -1

# Kinds of processes:
SERVE = 1  # an attempt, by the system
CROWD_PATIENCE = 2
VISIT = 3  # the arrivals
WATCH_STOCK = 4
WATCH_DECISIONS = 5
MERGER_PROCESS = 6  # works for one
DISTURBANCE = 7  # works for waiters who were woken in vain
PATIENCE = 8  # with leases, of a worker
CONSUMER_PROCESS = 9

# How an event of a process that others make happen (CONNECTED, ANSWERED, DECIDED) stands:
PENDING, TRIGGERED, HAPPENED = 0, 1, 2


@compiled
def event(kind: int, owner: int) -> int:
    """An event as one number."""
    return (owner << 4) | kind


@compiled
def window_event(merger: int, round_: int) -> int:
    """The end of a merger's waiting in this round."""
    return (round_ << 36) | event(WINDOW, merger)


@compiled
def kind_of(happened: int) -> int:
    """What an event is."""
    return happened & 15


@compiled
def owner_of(happened: int) -> int:
    """For whom an event is."""
    return (happened >> 4) & 0xFFFFFFFF


@compiled
def round_of(happened: int) -> int:
    """The round of the merger for which an event is."""
    return happened >> 36


@compiled
def soon(world: Record, what: int) -> None:
    """Let it happen at this moment, after all that was scheduled before."""
    soon_at(world, world.soon_used).what = what
    world.soon_used += 1


@compiled
def later(world: Record, after_s: float, what: int) -> None:
    """Let it happen when so many seconds have gone by."""
    at_s = world.now_s + after_s
    if at_s <= world.now_s:
        soon(world, what)
        return
    world.heap_used += 1
    if world.heap_used + MARGIN > world.heap_room:
        world.is_short = 1
    hole = world.heap_used - 1
    while hole > 0:
        parent = (hole - 1) >> 1
        above = heap_at(world, parent)
        if above.at_s <= at_s:  # of two at one time the later comes later
            break
        _put(world, hole, above.at_s, above.order, above.what)
        hole = parent
    _put(world, hole, at_s, world.events, what)
    world.events += 1


@compiled
def _put(world: Record, number: int, at_s: float, order: int, what: int) -> None:
    place = heap_at(world, number)
    place.at_s = at_s
    place.order = order
    place.what = what


@compiled
def _is_before(one: Record, at_s: float, order: int) -> bool:
    return bool(one.at_s < at_s or (one.at_s == at_s and one.order < order))


@compiled
def _earliest(world: Record) -> int:
    """Take the first event out of the heap."""
    first = int(heap_at(world, 0).what)
    count = world.heap_used - 1
    world.heap_used = count
    last = heap_at(world, count)
    at_s, order = last.at_s, last.order
    hole = 0
    child = 1
    while child < count:
        below = heap_at(world, child)
        if child + 1 < count and _is_before(heap_at(world, child + 1), below.at_s, below.order):
            child += 1
            below = heap_at(world, child)
        if not _is_before(below, at_s, order):
            break
        _put(world, hole, below.at_s, below.order, below.what)
        hole = child
        child = 2 * hole + 1
    _put(world, hole, at_s, order, last.what)
    return first


@compiled
def next_event(world: Record) -> int:
    """What happens next, and let it be that time; NOTHING at the end."""
    if world.starting_next < world.starting_used:
        what = int(starting_at(world, world.starting_next).what)
        world.starting_next += 1
        if world.starting_next == world.starting_used:
            world.starting_next = world.starting_used = 0
        return what
    if world.heap_used > 0 and heap_at(world, 0).at_s == world.now_s:
        return _earliest(world)
    if world.soon_next < world.soon_used:
        what = int(soon_at(world, world.soon_next).what)
        world.soon_next += 1
        if world.soon_next == world.soon_used:
            world.soon_next = world.soon_used = 0
        return what
    if world.heap_used > 0:
        world.now_s = heap_at(world, 0).at_s
        return _earliest(world)
    return NOTHING


@compiled
def start(world: Record, what: int) -> None:
    """Let a process begin, before anything else happens."""
    starting_at(world, world.starting_used).what = what
    world.starting_used += 1


@compiled
def close_up(world: Record) -> None:
    """Make room at the end of the line of what happens soon."""
    waiting = world.soon_used - world.soon_next
    if world.soon_next > waiting and world.soon_used * 2 > world.soon_room:
        for number in range(waiting):
            soon_at(world, number).what = soon_at(world, world.soon_next + number).what
        world.soon_next = 0
        world.soon_used = waiting
    if world.soon_used + 2 * world.processes_used + MARGIN > world.soon_room:
        world.is_short = 1


# Records that are used again.


@compiled
def begin_process(world: Record, kind: int) -> int:
    """A new process, which starts at once."""
    me = int(world.free_process)
    if me:
        world.free_process = process(world, me).next
    else:
        me = new_process(world)
    my = process(world, me)
    my.kind = kind
    my.inside = my.has_connection = my.knows = my.alone = my.may_lease = 0
    my.awaits = 0
    my.connected = my.answered = my.decided = PENDING
    my.routine = 0
    my.asked = 0
    my.seen = 0
    my.undo = 0
    my.token = 0
    my.first_lock = my.last_lock = my.first_effect = my.last_effect = 0
    my.first_span = my.last_span = 0
    my.waits_in = -1
    start(world, event(RESUME, me))
    return me


@compiled
def end_process(world: Record, me: int) -> None:
    """Nobody knows the process any more."""
    my = process(world, me)
    my.epoch += 1
    my.next = world.free_process
    world.free_process = me


@compiled
def free_or_new_effect(world: Record) -> int:
    """An effect that is of no transaction."""
    number = int(world.free_effect)
    if number:
        world.free_effect = effect_of(world, number).next
        return number
    return new_effect(world)


@compiled
def free_or_new_span(world: Record) -> int:
    """A span that is of no order."""
    number = int(world.free_span)
    if number:
        world.free_span = span_of(world, number).next
        return number
    return new_span(world)


@compiled
def free_or_new_watch(world: Record) -> int:
    """A watch that is of nobody."""
    number = int(world.free_watch)
    if number:
        world.free_watch = watch_of(world, number).next
        return number
    return new_watch(world)


# Waiting for what others make happen.


@compiled
def trigger(world: Record, me: int, which: int) -> None:
    """Let one of a process's events happen."""
    my = process(world, me)
    if which == CONNECTED:
        my.connected = TRIGGERED
    elif which == ANSWERED:
        my.answered = TRIGGERED
    else:
        my.decided = TRIGGERED
    soon(world, event(which, me) | (my.epoch << 36))


@compiled
def happens(world: Record, me: int, which: int, round_: int) -> bool:
    """One of a process's events happens; whether the process waits for it."""
    my = process(world, me)
    if my.epoch != round_:
        return False
    if which == CONNECTED:
        my.connected = HAPPENED
    elif which == ANSWERED:
        my.answered = HAPPENED
    else:
        my.decided = HAPPENED
    if my.awaits != which:
        return False
    my.awaits = 0
    return True

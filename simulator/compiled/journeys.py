"""The journey of a shopper, compiled: `scenarios.journey`, and their patience."""

from __future__ import annotations

import math

from scenarios.journey import NEXT_SIZE, RETRY_JITTER
from simulator.compiled.answers import AFTER, ASKS_AGAIN, GOES_ON, NONE_IN_TIME, TRIES_ANOTHER_SIZE
from simulator.compiled.chances import fold, lateness, uniform
from simulator.compiled.events import (
    CROWD_PATIENCE,
    JOURNEY,
    RESUME,
    SERVE,
    begin_process,
    event,
    later,
    soon,
    start,
)
from simulator.compiled.generator import send
from simulator.compiled.memory import Record
from simulator.compiled.parts import compiled
from simulator.compiled.pointers import prefetch
from simulator.compiled.stock import QUEUED
from simulator.compiled.world import (
    arrival_of,
    attempt_of,
    key_of,
    line_of,
    new_attempt,
    new_key,
    operation_at,
    process,
    sku_of,
)


@compiled
def visit_all(world: Record, me: int) -> bool:
    """The process of the whole drop, until the last shopper has left."""
    my = process(world, me)
    if my.routine == 1:
        start(world, event(JOURNEY, world.next_arrival))
        world.next_arrival += 1
    if my.routine < 2:
        my.routine = 1
        if world.next_arrival < world.crowd_size:
            later(world, _until_the_next(world), event(RESUME, me))
            return False
        my.routine = 2
        if world.to_come_or_leave:
            world.visit = me
            return False
    return True


@compiled
def _until_the_next(world: Record) -> float:
    """How long the generator sleeps until it begins the next journey: not at all, if that is due."""
    due_s = arrival_of(world, world.next_arrival).at_s
    if world.now_s < due_s:
        return float(due_s + world.tick_s * lateness(world, world.next_arrival) - world.now_s)
    return 0.0


@compiled
def journey(world: Record, number: int) -> None:
    """Go on from where the shopper is: to come, to ask again after a while, sending, or with an answer."""
    arrival = arrival_of(world, number)
    if arrival.place == 0:
        _operation_from(world, number, 0, 0)
    elif arrival.place == 1:
        arrival.at_s = world.now_s
        _send(world, number)
    elif arrival.place == 2:
        _is_sent(world, number)
    else:
        arrival.at_s = world.now_s
        arrival.place = 1
        _note(world, number)
        _after(world, number)


@compiled
def _after(world: Record, number: int) -> None:
    arrival = arrival_of(world, number)
    last = attempt_of(world, arrival.sent)
    follows = AFTER[last.answer]
    if follows == GOES_ON:
        orders = last.order_number + operation_at(world, last.position).is_order
        _operation_from(world, number, last.position + 1, orders)
    elif follows == ASKS_AGAIN and arrival.attempt + 1 < world.retries:
        _the_same_again(world, number)
    elif follows == TRIES_ANOTHER_SIZE and arrival.bot and arrival.sizes_tried + 1 < world.sizes_tried:
        _another_size(world, number)
    else:
        _leave(world)


@compiled
def _leave(world: Record) -> None:
    """Make room: in a closed loop for the next order, until the end."""
    if world.now_s < world.clients_until_s and world.following < world.arrivals_room:
        arrival_of(world, world.following).at_s = world.now_s
        start(world, event(JOURNEY, world.following))
        world.following += 1
        return
    world.to_come_or_leave -= 1
    if not world.to_come_or_leave and world.visit:
        soon(world, event(RESUME, world.visit))


@compiled
def _operation_from(world: Record, number: int, position: int, order_number: int) -> None:
    """The operation at this position of the journey, or the next one that this shopper takes part in."""
    arrival = arrival_of(world, number)
    while position < world.operations_used:
        is_order = operation_at(world, position).is_order
        if is_order or not arrival.bot:
            arrival.position = position
            arrival.order_number = order_number
            arrival.attempt = arrival.sizes_tried = 0
            arrival.key = 0
            if is_order:
                _new_order(world, number, arrival.cart_start, arrival.cart_end)
            _send(world, number)
            return
        position += 1
    _leave(world)


@compiled
def _new_order(world: Record, number: int, cart_start: int, cart_end: int) -> None:
    arrival = arrival_of(world, number)
    arrival.key = new_key(world)
    key = key_of(world, arrival.key)
    key.arrival = number
    key.order_number = arrival.order_number
    key.shopper = arrival.shopper
    key.cart_start, key.cart_end = cart_start, cart_end
    for place in range(cart_start, cart_end):
        line = line_of(world, place)
        key.total_won += sku_of(world, line.sku).price_won * line.quantity


@compiled
def _the_same_again(world: Record, number: int) -> None:
    """The same request with the same key, after a jittered backoff that doubles up to a bound."""
    arrival = arrival_of(world, number)
    backoff_s = min(world.backoff_s * 2.0**arrival.attempt, world.max_backoff_s)
    key = fold(fold(fold(world.crowd, number), RETRY_JITTER), arrival.position)
    draw = uniform(fold(fold(key, arrival.order_number), arrival.attempt))
    jittered_s = backoff_s * (1 + world.jitter * (2 * draw - 1))
    arrival.attempt += 1
    if jittered_s:
        later(world, jittered_s, event(JOURNEY, number))
    else:
        _send(world, number)


@compiled
def _another_size(world: Record, number: int) -> None:
    """A bot's next order: one SKU that it has not tried yet, at once."""
    arrival = arrival_of(world, number)
    tried = arrival.sizes_tried + 1
    sku = _other_sku(world, number, tried)
    if sku < 0:
        _leave(world)
        return
    arrival.order_number += 1
    arrival.attempt = 0
    arrival.sizes_tried = tried
    _new_order(world, number, world.single_lines + sku, world.single_lines + sku + 1)
    _send(world, number)


@compiled
def _other_sku(world: Record, number: int, rank: int) -> int:
    """The SKU that the arrival did not come for and would wish for at this rank, from 1; -1 for none."""
    passed, chosen = -1.0, -1
    for _ in range(rank):
        chosen, best = -1, math.inf
        for sku in range(world.sku_count):
            if not _came_for(world, number, sku):
                draw = uniform(fold(fold(fold(world.crowd, number), NEXT_SIZE), sku))
                clock = -math.log(draw) / sku_of(world, sku).popularity
                if passed < clock < best:
                    chosen, best = sku, clock
        passed = best
    return chosen


@compiled
def _came_for(world: Record, number: int, sku: int) -> bool:
    arrival = arrival_of(world, number)
    for place in range(arrival.cart_start, arrival.cart_end):  # noqa: SIM110 - Numba has no such any()
        if line_of(world, place).sku == sku:
            return True
    return False


@compiled
def _send(world: Record, number: int) -> None:
    arrival_of(world, number).place = 2
    send(world, event(JOURNEY, number))


@compiled
def _is_sent(world: Record, number: int) -> None:
    arrival = arrival_of(world, number)
    order = new_attempt(world)
    sent = attempt_of(world, order)
    sent.intended_s = arrival.at_s
    arrival.sent = order
    arrival.place = 3
    sent.arrival = number
    sent.key = arrival.key
    sent.order_number = arrival.order_number
    sent.position = arrival.position
    sent.attempt = arrival.attempt
    sent.sent_s = world.now_s
    sent.acknowledged_s = math.nan
    sent.answer = NONE_IN_TIME
    sent.process = begin_process(world, SERVE)
    process(world, sent.process).order = order
    if not world.is_watching:
        world.is_watching = 1
        world.next_due = order
        begin_process(world, CROWD_PATIENCE)


@compiled
def _note(world: Record, number: int) -> None:
    sent = attempt_of(world, arrival_of(world, number).sent)
    world.ended += 1
    sent.noted = world.ended
    sent.done_s = world.now_s
    if sent.answer == NONE_IN_TIME and not math.isnan(sent.acknowledged_s):
        sent.answer = QUEUED


@compiled
def end_crowd_patience(world: Record, me: int) -> bool:
    """Let shoppers give up on attempts that were not answered in time, as they were sent."""
    my = process(world, me)
    while True:
        if my.routine == 1:
            my.routine = 0
            _give_up(world, my.order)
        if world.next_due == world.attempts_used:
            break
        my.order = world.next_due
        world.next_due += 1
        sent = attempt_of(world, my.order)
        if not sent.ended:
            my.routine = 1
            prefetch(arrival_of(world, sent.arrival))
            later(world, sent.sent_s + world.patience_s - world.now_s, event(RESUME, me))
            return False
    world.is_watching = 0
    return True


@compiled
def _give_up(world: Record, order: int) -> None:
    sent = attempt_of(world, order)
    if not sent.ended:
        sent.ended = 1
        soon(world, event(JOURNEY, sent.arrival))

"""The shoppers, each on their own journey, compiled: `simulator.crowd` and `scenarios.journey`."""

from __future__ import annotations

from simulator.compiled.chances import pace_of
from simulator.compiled.checkout import checkout
from simulator.compiled.events import JOURNEY, RESUME, event, soon
from simulator.compiled.generator import receive, send
from simulator.compiled.inquiry import inquiry, page
from simulator.compiled.memory import Record
from simulator.compiled.parts import compiled
from simulator.compiled.pointers import prefetch
from simulator.compiled.shop import admit
from simulator.compiled.stock import QUEUED
from simulator.compiled.world import attempt_of, idle_at, key_of, new_idle, process, span_of
from simulator.crowd import IDLE_S


@compiled
def serve(world: Record, me: int) -> bool:
    """The process of an attempt."""
    my = process(world, me)
    sent = attempt_of(world, my.order)
    if my.routine == 0:
        my.worker = _idle_connection(world)
        my.routine = 2
        if my.worker < 0:
            my.worker = sent.arrival % world.worker_count
            my.routine = 1
    if my.routine == 1:
        if not admit(world, me):
            return False
        my.routine = 2
    if my.routine == 2:
        my.routine = 3
        prefetch(key_of(world, sent.key))
        sent.pace = pace_of(world, my.order)
    if my.routine == 3:
        if sent.key:
            if not _exchange(world, me):
                return False
        else:
            if not page(world, me):
                return False
            my.routine = 4
            receive(world, world.wire_s, event(RESUME, me))
            return False
    my.routine = 0
    _answer(world, me)
    return True


@compiled
def _answer(world: Record, me: int) -> None:
    my = process(world, me)
    sent = attempt_of(world, my.order)
    if sent.ended:
        if my.last_span:
            span_of(world, my.last_span).next = world.free_span
            world.free_span = my.first_span
        return
    sent.ended = 1
    sent.answer = my.answer
    sent.first_span = my.first_span
    soon(world, event(JOURNEY, sent.arrival))
    idle = idle_at(world, new_idle(world))
    idle.since_s = world.now_s
    idle.worker = my.worker


@compiled
def _exchange(world: Record, me: int) -> bool:
    """Send an order, and if it is queued wait for its decision; the last answer."""
    my = process(world, me)
    sent = attempt_of(world, my.order)
    if my.exchange == 0:
        if not checkout(world, me):
            return False
        my.exchange = 1
        receive(world, world.wire_s, event(RESUME, me))
        return False
    if my.exchange == 1:
        my.exchange = 3
        if my.answer == QUEUED:
            my.exchange = 2
            if not sent.ended:
                sent.acknowledged_s = world.now_s
            send(world, event(RESUME, me))
            return False
    if my.exchange == 2:
        if not inquiry(world, me):
            return False
        my.exchange = 3
        receive(world, world.wire_s, event(RESUME, me))
        return False
    my.exchange = 0
    return True


@compiled
def _idle_connection(world: Record) -> int:
    """The worker at the other end of the connection that was used last, unless that was too long ago; -1."""
    if world.idle_used:
        world.idle_used -= 1
        last = idle_at(world, world.idle_used)
        if world.now_s - last.since_s < IDLE_S:
            return int(last.worker)
        world.idle_used = 0
    return -1

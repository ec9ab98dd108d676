"""The queues in a compiled loop over a heap of events, in the order of SimPy's: time, then sequence."""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numpy as np

from simulator.compiled.parts import kept
from simulator.selfcheck.recursions import Line
from simulator.selfcheck.systems import (
    Customers,
    Discipline,
    Flags,
    Floats,
    Network,
    Queue,
    Ranks,
    Returned,
    Rounds,
    Served,
)

_COMES, _GIVES_UP, _LEAVES = 0, 1, 2
_NOBODY = -1


def serve(queue: Queue, customers: Customers) -> Served:
    """One run of a queue."""
    number = len(customers)
    return Served(
        *_serve(
            customers.at_s,
            customers.work_s,
            customers.patience_s,
            customers.rank,
            customers.draw,
            queue.servers,
            queue.places or number,
            len(queue.shares),
            queue.discipline is Discipline.AT_RANDOM,
        )
    )


def departures(line: Line, at_s: Floats, work_s: Floats) -> Floats:
    """When the customers of a line leave."""
    number = len(at_s)
    endless, one_class = np.full(number, np.inf), np.zeros(number, np.int64)
    left_s: Floats = _serve(at_s, work_s, endless, one_class, endless, line.servers, number, 1, False)[0]
    return left_s


def circulate(_: Network, rounds: Rounds) -> Returned:
    """One run of a closed network."""
    return Returned(*_circulate(rounds.think_s, rounds.work_s))


class _Line(NamedTuple):
    """Who waits: a chain of customers for each class, or a bag from which anyone is next."""

    first: Ranks  # by class
    last: Ranks  # by class
    behind: Ranks  # by customer: who is next in the same chain
    waits: Flags  # by customer; who gave up stays in the chain until it is their turn
    bag: Ranks
    in_bag: Ranks  # of length one, as is
    drawn: Ranks
    draw: Floats


@kept
def _join(line: _Line, customer: int, rank: int, at_random: bool) -> None:
    if at_random:
        line.bag[line.in_bag[0]] = customer
        line.in_bag[0] += 1
        return
    line.waits[customer] = True
    if line.first[rank] == _NOBODY:
        line.first[rank] = customer
    else:
        line.behind[line.last[rank]] = customer
    line.last[rank] = customer


@kept
def _next(line: _Line, at_random: bool) -> int:
    if at_random:
        return _anyone(line)
    for rank in range(len(line.first)):
        while line.first[rank] != _NOBODY:
            customer = int(line.first[rank])
            line.first[rank] = line.behind[customer]
            if line.waits[customer]:
                line.waits[customer] = False
                return customer
    return _NOBODY


@kept
def _anyone(line: _Line) -> int:
    if not line.in_bag[0]:
        return _NOBODY
    chosen = int(line.draw[line.drawn[0]] * line.in_bag[0])
    line.drawn[0] += 1
    line.in_bag[0] -= 1
    customer = int(line.bag[chosen])
    line.bag[chosen] = line.bag[line.in_bag[0]]
    return customer


@kept
def _serve(
    at_s: Floats,
    work_s: Floats,
    patience_s: Floats,
    rank: Ranks,
    draw: Floats,
    servers: int,
    places: int,
    classes: int,
    at_random: bool,
) -> tuple[Floats, Flags, float, float]:
    customers = len(at_s)
    left_s, served = np.zeros(customers), np.zeros(customers, np.bool_)
    line = _Line(
        np.full(classes, _NOBODY),
        np.full(classes, _NOBODY),
        np.full(customers, _NOBODY),
        np.zeros(customers, np.bool_),
        np.zeros(customers, np.int64),
        np.zeros(1, np.int64),
        np.zeros(1, np.int64),
        draw,
    )
    free, present, come, sequence = servers, 0, 0, 0
    present_s, busy_s, now_s = 0.0, 0.0, 0.0
    events = [(np.inf, 0, _LEAVES, _NOBODY)]  # the last of them never happens
    while come < customers or len(events) > 1:
        comes = come < customers and at_s[come] <= events[0][0]
        then_s = at_s[come] if comes else events[0][0]
        present_s += present * (then_s - now_s)
        busy_s += (servers - free) * (then_s - now_s)
        now_s = then_s
        if comes:
            one, what, come = come, _COMES, come + 1
        else:
            _, _, what, one = heapq.heappop(events)
        begins = _NOBODY
        if what == _COMES and present == places:
            left_s[one] = now_s
        elif what == _COMES:
            present += 1
            if free:
                free, begins = free - 1, one
            else:
                _join(line, one, rank[one], at_random)
                if patience_s[one] < np.inf:
                    sequence += 1
                    heapq.heappush(events, (now_s + patience_s[one], sequence, _GIVES_UP, one))
        elif what == _LEAVES or line.waits[one]:
            present -= 1
            left_s[one] = now_s
            line.waits[one] = False
            if what == _LEAVES:
                served[one] = True
                begins = _next(line, at_random)
                free += begins == _NOBODY
        if begins != _NOBODY:
            sequence += 1
            heapq.heappush(events, (now_s + work_s[begins], sequence, _LEAVES, begins))
    return left_s, served, present_s, busy_s


@kept
def _circulate(think_s: Floats, work_s: Floats) -> tuple[Floats, Floats, float, float]:
    clients, rounds, stations = work_s.shape
    sent_s, left_s = np.zeros((clients, rounds)), np.zeros((clients, rounds))
    turn, where = np.zeros(clients, np.int64), np.full(clients, _NOBODY)  # nowhere: thinking
    ring = np.empty((stations, clients), np.int64)  # who is at a station; the first of them is served
    begin, length = np.zeros(stations, np.int64), np.zeros(stations, np.int64)
    present_s, busy_s, now_s = 0.0, 0.0, 0.0
    events = [(np.inf, 0, _NOBODY)]
    for client in range(clients):
        heapq.heappush(events, (think_s[client, 0], client, client))
    sequence = clients
    while len(events) > 1:
        then_s, _, client = heapq.heappop(events)
        present_s += length.sum() * (then_s - now_s)
        busy_s += (length > 0).sum() * (then_s - now_s)
        now_s = then_s
        left = where[client]
        if left == _NOBODY:
            sent_s[client, turn[client]] = now_s
        else:
            begin[left] = (begin[left] + 1) % clients
            length[left] -= 1
            if length[left]:
                follows = ring[left, begin[left]]
                sequence += 1
                heapq.heappush(events, (now_s + work_s[follows, turn[follows], left], sequence, follows))
        to = left + 1
        if to < stations:
            where[client] = to
            ring[to, (begin[to] + length[to]) % clients] = client
            length[to] += 1
            if length[to] == 1:
                sequence += 1
                heapq.heappush(events, (now_s + work_s[client, turn[client], to], sequence, client))
            continue
        left_s[client, turn[client]] = now_s
        where[client] = _NOBODY
        turn[client] += 1
        if turn[client] < rounds:
            sequence += 1
            heapq.heappush(events, (now_s + think_s[client, turn[client]], sequence, client))
    return sent_s, left_s, present_s, busy_s

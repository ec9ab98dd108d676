"""The queues on the model's own stations, in SimPy."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from typing import Any, NamedTuple

import numpy as np
import simpy

from simulator.locks import RowLock
from simulator.selfcheck.systems import (
    Customers,
    Discipline,
    Floats,
    Law,
    Network,
    Queue,
    Returned,
    Rounds,
    Served,
)
from simulator.stations import Cores, Deadlines, Steps, Turns

Serving = Generator[simpy.Event, Any, bool]
"""A customer's time at a station; it gives back whether the customer was served."""

_ROLE = "customer"


class _Present:
    """Counts who is there, and integrates it over time."""

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self._number = 0
        self._since_s = 0.0
        self.total_s = 0.0

    def change(self, by: int) -> None:
        self.total_s += self._number * (self._env.now - self._since_s)
        self._number += by
        self._since_s = self._env.now


class _Busy:
    """Counts for how long something is worked on, where the station itself does not."""

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self.total_s = 0.0

    def compute(self, work_s: float) -> Steps:
        began_s = self._env.now
        yield self._env.timeout(work_s)
        self.total_s += self._env.now - began_s


class _Ranked:
    """One server, before which those of the first class are always next.

    The model has no such station: nothing that it serves is preferred to anything else.
    """

    def __init__(self, env: simpy.Environment, classes: int) -> None:
        self._env = env
        self._is_free = True
        self._lines: list[deque[simpy.Event]] = [deque() for _ in range(classes)]

    def take(self, rank: int) -> Steps:
        if self._is_free:
            self._is_free = False
            return
        turn = self._env.event()
        self._lines[rank].append(turn)
        yield turn

    def give_back(self) -> None:
        for line in self._lines:
            if line:
                line.popleft().succeed()
                return
        self._is_free = True


class _Station(NamedTuple):
    """A station of the model: how a customer is served there, and for how long its servers have been busy."""

    serve: Callable[[int], Serving]
    busy_s: Callable[[], float]


def _station(env: simpy.Environment, queue: Queue, customers: Customers) -> _Station:
    if queue.patience:
        return _impatient(env, queue, queue.patience, customers)
    match queue.discipline:
        case Discipline.IN_ORDER:
            return _in_order(env, queue, customers)
        case Discipline.AT_RANDOM:
            return _at_random(env, customers)
        case Discipline.BY_RANK:
            return _by_rank(env, queue, customers)


def _in_order(env: simpy.Environment, queue: Queue, customers: Customers) -> _Station:
    cores = Cores(env, queue.servers)
    work_s = customers.work_s.tolist()

    def serve(number: int) -> Serving:
        yield from cores.run(work_s[number], _ROLE)
        return True

    return _Station(serve, lambda: _busy_s(cores, env))


def _busy_s(cores: Cores, env: simpy.Environment) -> float:
    return float(cores.busy_s(_ROLE, np.array([env.now]))[0])


def _at_random(env: simpy.Environment, customers: Customers) -> _Station:
    """The lock of a row. Whoever asks for it has come from a core: there is one for everybody."""
    cores = Cores(env, len(customers))
    work_s, draws = customers.work_s.tolist(), iter(customers.draw.tolist())
    row = RowLock(env, cores, wake_s=0.0, draw=lambda: next(draws))

    def serve(number: int) -> Serving:
        yield from cores.take()
        yield from row.acquire()
        yield cores.compute(work_s[number], _ROLE)
        row.release()
        cores.give_back()
        return True

    return _Station(serve, lambda: _busy_s(cores, env))


def _impatient(env: simpy.Environment, queue: Queue, patience: Law, customers: Customers) -> _Station:
    """Connections, for which somebody waits within a deadline. It is one for all only if all wait as long."""
    turns, busy = Turns(env, queue.servers), _Busy(env)
    in_common = Deadlines(env, patience.mean_s) if not patience.cs2 else None
    work_s, patience_s = customers.work_s.tolist(), customers.patience_s.tolist()

    def serve(number: int) -> Serving:
        if not (yield from turns.take_within(in_common or Deadlines(env, patience_s[number]))):
            return False
        yield from busy.compute(work_s[number])
        turns.give_back()
        return True

    return _Station(serve, lambda: busy.total_s)


def _by_rank(env: simpy.Environment, queue: Queue, customers: Customers) -> _Station:
    server, busy = _Ranked(env, len(queue.shares)), _Busy(env)
    work_s, rank = customers.work_s.tolist(), customers.rank.tolist()

    def serve(number: int) -> Serving:
        yield from server.take(rank[number])
        yield from busy.compute(work_s[number])
        server.give_back()
        return True

    return _Station(serve, lambda: busy.total_s)


def serve(queue: Queue, customers: Customers) -> Served:
    """One run of a queue."""
    env = simpy.Environment()
    station, present = _station(env, queue, customers), _Present(env)
    room = Turns(env, queue.places or len(customers))
    left_s, served = np.zeros(len(customers)), np.zeros(len(customers), np.bool_)

    def visit(number: int) -> Steps:
        if room.is_free():
            yield from room.take()
            present.change(+1)
            served[number] = yield from station.serve(number)
            present.change(-1)
            room.give_back()
        left_s[number] = env.now

    send(env, customers.at_s, visit)
    return Served(left_s, served, present.total_s, station.busy_s())


def send(env: simpy.Environment, at_s: Floats, visit: Callable[[int], Steps]) -> None:
    """Let everybody visit who comes, and run until all have left."""

    def source() -> Steps:
        for number, moment_s in enumerate(at_s.tolist()):
            yield env.timeout(moment_s - env.now)
            env.process(visit(number))

    env.process(source())
    env.run()


def circulate(network: Network, rounds: Rounds) -> Returned:
    """One run of a closed network, each station of which is a core."""
    env = simpy.Environment()
    present = _Present(env)
    stations = [Cores(env, 1) for _ in network.stations]
    sent_s, left_s = np.zeros_like(rounds.think_s), np.zeros_like(rounds.think_s)

    def client(number: int) -> Steps:
        works_s = rounds.work_s[number].tolist()
        for turn, (think_s, work_s) in enumerate(zip(rounds.think_s[number].tolist(), works_s, strict=True)):
            yield env.timeout(think_s)
            sent_s[number, turn] = env.now
            present.change(+1)
            for station, here_s in zip(stations, work_s, strict=True):
                yield from station.run(here_s, _ROLE)
            present.change(-1)
            left_s[number, turn] = env.now

    for number in range(network.clients):
        env.process(client(number))
    env.run()
    return Returned(sent_s, left_s, present.total_s, sum(_busy_s(station, env) for station in stations))

"""The stations of the model that serve in order, each alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import simpy

from simulator.locks import Lock
from simulator.selfcheck.on_simpy import send
from simulator.selfcheck.recursions import Line, Station
from simulator.selfcheck.systems import Floats
from simulator.stations import Cores, Steps, Thread, Turns

Hold = Callable[[int], Steps]
"""A customer's time at a station."""

_ROLE = "customer"


def departures(line: Line, at_s: Floats, work_s: Floats) -> Floats:
    """When the customers of a line leave."""
    env = simpy.Environment()
    hold = _HOLDS[line.station](env, line.servers, work_s.tolist())
    left_s = np.zeros(len(at_s))

    def visit(number: int) -> Steps:
        yield from hold(number)
        left_s[number] = env.now

    send(env, at_s, visit)
    return left_s


def _cores(env: simpy.Environment, servers: int, work_s: list[float]) -> Hold:
    cores = Cores(env, servers)
    return lambda number: cores.run(work_s[number], _ROLE)


def _connections(env: simpy.Environment, servers: int, work_s: list[float]) -> Hold:
    turns = Turns(env, servers)

    def hold(number: int) -> Steps:
        yield from turns.take()
        yield env.timeout(work_s[number])
        turns.give_back()

    return hold


def _thread(env: simpy.Environment, _: int, work_s: list[float]) -> Hold:
    """It never has to wait for a core."""
    thread = Thread(env, Cores(env, 2), _ROLE)

    def hold(number: int) -> Steps:
        yield from thread.enter()
        thread.spend(work_s[number])
        yield from thread.leave()

    return hold


def _lock(env: simpy.Environment, _: int, work_s: list[float]) -> Hold:
    """Whoever asks for it has come from a core: there is one for everybody."""
    cores = Cores(env, len(work_s))
    lock = Lock(env, cores, wake_s=0.0)

    def hold(number: int) -> Steps:
        yield from cores.take()
        yield from lock.acquire()
        yield cores.compute(work_s[number], _ROLE)
        lock.release()
        cores.give_back()

    return hold


_HOLDS = {
    Station.CORES: _cores,
    Station.CONNECTIONS: _connections,
    Station.THREAD: _thread,
    Station.LOCK: _lock,
}

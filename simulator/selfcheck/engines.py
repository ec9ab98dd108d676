"""The engines: who can run which of the systems that are checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from simulator.selfcheck import contests_on_numba, contests_on_simpy, lines_on_simpy, on_numba, on_simpy
from simulator.selfcheck.contests import Drop, Leases, Rivals
from simulator.selfcheck.recursions import Line, kiefer_wolfowitz
from simulator.selfcheck.systems import Customers, Floats, Network, Path, Queue, Returned, Rounds, Served

System = Queue | Network | Line | Drop | Rivals | Leases


class Engine(NamedTuple):
    """A way to run systems.

    `replications`: so many for each that a row asks for; a fast engine can afford more. `runs` has a function
    for each kind of system: given the system and random numbers, it gives one run.
    """

    name: str
    replications: int
    runs: Mapping[type, Callable[[Any, np.random.Generator], Any]]


def _queue(serve: Callable[[Queue, Customers], Served], queue: Queue, random: np.random.Generator) -> Path:
    customers = queue.draw(random)
    return queue.path(customers, serve(queue, customers))


def _network(
    circulate: Callable[[Network, Rounds], Returned], network: Network, random: np.random.Generator
) -> Path:
    rounds = network.draw(random)
    return network.path(rounds, circulate(network, rounds))


def _line(
    departures: Callable[[Line, Floats, Floats], Floats], line: Line, random: np.random.Generator
) -> float:
    at_s, work_s = line.draw(random)
    left_s = departures(line, at_s, work_s)
    return float(np.abs(left_s - kiefer_wolfowitz(at_s, work_s, line.servers)).max())


SIMPY = Engine(
    "SimPy",
    1,
    {
        Queue: partial(_queue, on_simpy.serve),
        Network: partial(_network, on_simpy.circulate),
        Line: partial(_line, lines_on_simpy.departures),
        Drop: contests_on_simpy.oversold,
        Rivals: contests_on_simpy.attempts,
        Leases: contests_on_simpy.violations,
    },
)

COMPILED = Engine(
    "compiled",
    5,
    {
        Queue: partial(_queue, on_numba.serve),
        Network: partial(_network, on_numba.circulate),
        Line: partial(_line, on_numba.departures),
        Drop: contests_on_numba.oversold,
        Rivals: contests_on_numba.attempts,
        Leases: contests_on_numba.violations,
    },
)
ENGINES = (SIMPY, COMPILED)

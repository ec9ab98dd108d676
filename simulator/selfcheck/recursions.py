"""What is checked path by path, without statistics: the recursions of Lindley, Kiefer and Wolfowitz."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from simulator.selfcheck.systems import Floats


class Station(Enum):
    """The stations that serve in the order in which customers come."""

    CORES = "cores"
    CONNECTIONS = "connections"
    THREAD = "thread"
    LOCK = "lock"


@dataclass(frozen=True)
class Line:
    """So many servers of a station, before which customers with uneven work line up."""

    station: Station
    servers: int
    customers: int = 2_000
    mean_work_s: float = 1.0

    def draw(self, random: np.random.Generator) -> tuple[Floats, Floats]:
        """When the customers come, and their work; the servers are busy for nine tenths of the time."""
        gaps_s = random.exponential(self.mean_work_s / (0.9 * self.servers), self.customers)
        return np.cumsum(gaps_s), self.mean_work_s * random.lognormal(-0.5, 1.0, self.customers)


def kiefer_wolfowitz(at_s: Floats, work_s: Floats, servers: int) -> Floats:
    """When each customer leaves (Kiefer and Wolfowitz 1955); with one server it is Lindley's (1952)."""
    free_s = [0.0] * servers
    left_s = np.zeros(len(at_s))
    for number, (moment_s, needs_s) in enumerate(zip(at_s.tolist(), work_s.tolist(), strict=True)):
        left_s[number] = max(moment_s, free_s[0]) + needs_s
        heapq.heapreplace(free_s, left_s[number])
    return left_s


def largest_gap_s(gaps: Sequence[float]) -> float:
    """Between a departure and what the recursion says of it, over all runs."""
    return max(gaps)

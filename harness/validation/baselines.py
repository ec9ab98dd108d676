"""Simpler ways to foresee a run, which the model has to be better than.

Each knows what the calibration knows: one client back to back, many in a closed loop, and a crowd.

- `linear`: an order takes the time and the CPU that it takes alone, whatever comes beside it.
- `scalability law`: Gunther's universal scalability law (2007), through the throughputs of one client and of
  many; an open crowd waits in line before a server that is as fast as the law gets.
- `M/M/c`: exponential services on the system's cores, as long as the CPU of an order in a crowd.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heapreplace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from reports.stretch import Stretch
from scenarios.arrivals import Arrivals
from scenarios.scenario import Scenario
from simulator.decomposition import Repeats
from simulator.profile import ROLES

Floats = NDArray[np.float64]
Figures = dict[str, float]
"""By their path in a run's metrics."""


@dataclass(frozen=True)
class Known:
    """What was observed of one strategy: its runs with one client, with many, and with a crowd."""

    alone: Repeats
    saturated: Repeats
    crowded: Repeats

    @property
    def cores(self) -> int:
        """Those of the system."""
        return self.alone.observations[0].system_cores

    def capacity_per_s(self) -> float:
        """Orders a second in a crowd, as long as more come than are served."""
        return self.crowded.median(lambda run: run.per_s)


@dataclass(frozen=True)
class Buyers:
    """Those who get something, where it goes to the first who come: their moments of arrival, in order."""

    at_s: Floats

    @classmethod
    def of(cls, scenario: Scenario, arrivals: Arrivals) -> Self:
        """Those for whom there is all of what they first ask for, when it is their turn."""
        left = [sku.units for sku in scenario.skus]
        first = []
        for arrival, at_s in enumerate(arrivals.at_s.tolist()):
            cart = arrivals.carts[arrival]
            if all(left[sku] >= quantity for sku, quantity in cart):
                first.append(at_s)
                for sku, quantity in cart:
                    left[sku] -= quantity
        return cls(np.array(first))


def linear(known: Known, buyers: Buyers, _: np.random.Generator) -> Figures:
    """No interaction at all."""
    mean_s = known.alone.median(lambda run: run.latency_ms.mean) / 1e3
    return _figures(buyers, buyers.at_s + mean_s, _cpu_s(known.alone), known.cores) | {
        "latency_ms.bought.p50": known.alone.median(lambda run: run.latency_ms.p50),
        "latency_ms.bought.p95": known.alone.median(lambda run: run.latency_ms.p95),
        "latency_ms.bought.p99": known.alone.median(lambda run: run.latency_ms.p99),
    }


def scalability_law(known: Known, buyers: Buyers, draws: np.random.Generator) -> Figures:
    """X(N) = X(1) N / (1 + s (N - 1)): with two points to fit, nothing is left for coherence, k = 0."""
    one_per_s, many = known.alone.median(lambda run: run.per_s), known.saturated
    clients, many_per_s = many.observations[0].clients, many.median(lambda run: run.per_s)
    contention = (one_per_s * clients / many_per_s - 1) / (clients - 1)
    fastest_per_s = one_per_s / min(1.0, max(contention, 1 / clients))
    return _queued(buyers, draws, 1 / fastest_per_s, 1, known)


def m_m_c(known: Known, buyers: Buyers, draws: np.random.Generator) -> Figures:
    """Kiefer and Wolfowitz's recursion on the buyers' own moments of arrival."""
    return _queued(buyers, draws, _cpu_s(known.crowded), known.cores, known)


BASELINES: dict[str, Callable[[Known, Buyers, np.random.Generator], Figures]] = {
    "linear": linear,
    "scalability law": scalability_law,
    "M/M/c": m_m_c,
}


def departures(arrivals_s: Sequence[float], services_s: Sequence[float], servers: int) -> Floats:
    """When each customer leaves a line before `servers` equal servers, first come, first served."""
    free_s = [0.0] * servers
    left_s = []
    for arrival_s, service_s in zip(arrivals_s, services_s, strict=True):
        left_s.append(max(arrival_s, free_s[0]) + service_s)
        heapreplace(free_s, left_s[-1])
    return np.array(left_s)


def _queued(
    buyers: Buyers, draws: np.random.Generator, service_s: float, servers: int, known: Known
) -> Figures:
    services_s = draws.exponential(service_s, len(buyers.at_s))
    left_s = departures(buyers.at_s.tolist(), services_s.tolist(), servers)
    return _figures(buyers, left_s, _cpu_s(known.crowded), known.cores)


def _cpu_s(runs: Repeats) -> float:
    """CPU of all roles for one order."""
    return sum(runs.cpu_ms(role) for role in ROLES) / 1e3


def _figures(buyers: Buyers, left_s: Floats, cpu_s: float, cores: int) -> Figures:
    per_s = Stretch.of(left_s).per_s
    p50, p95, p99 = np.quantile((left_s - buyers.at_s) * 1e3, [0.5, 0.95, 0.99]).tolist()
    gone = np.searchsorted(np.sort(left_s), buyers.at_s, side="right")
    return {
        "orders_per_s": per_s,
        "utilisation.share": min(1.0, per_s * cpu_s / cores),
        "latency_ms.bought.p50": p50,
        "latency_ms.bought.p95": p95,
        "latency_ms.bought.p99": p99,
        "peak_in_system": float(np.max(np.arange(1, len(gone) + 1) - gone)),
        "retries": 0.0,
        "units.oversold": 0.0,
    }

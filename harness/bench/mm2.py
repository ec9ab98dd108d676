"""The compiled engine of queues against other simulators, on the same M/M/2, one core each."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator
from typing import Any

import numpy as np

from harness.bench.common import Ratio
from harness.display import Display
from harness.errors import RunError

Steps = Generator[Any, Any, None]
"""A process of SimPy or salabim."""

TURNS = 2
CUSTOMERS = 200_000
_PER_S, _SERVERS = 1.6, 2
_EXACT_WAIT_S = 1.777778  # queueing theory: a simulator that is far from it has simulated something else
_FAR = 0.15
STEP_S = 45.0  # most of it salabim's


def compiled(seed: int) -> float:
    """Simulate the queue; the mean wait."""
    from simulator.selfcheck import measures, on_numba
    from simulator.selfcheck.systems import Law, Poisson, Queue

    queue = Queue(Poisson(_PER_S, CUSTOMERS, warm_up=0), Law(1.0), _SERVERS)
    customers = queue.draw(np.random.default_rng(seed))
    return measures.mean_wait([queue.path(customers, on_numba.serve(queue, customers))])


def simpy(seed: int) -> float:
    """The same, as SimPy's own examples are written."""
    import simpy as library

    draw = random.Random(seed).expovariate  # noqa: S311 - not a secret
    env = library.Environment()
    servers = library.Resource(env, _SERVERS)
    waits_s: list[float] = []

    def customer() -> Steps:
        came_s = env.now
        with servers.request() as turn:
            yield turn
            waits_s.append(env.now - came_s)
            yield env.timeout(draw(1.0))

    def source() -> Steps:
        for _ in range(CUSTOMERS):
            yield env.timeout(draw(_PER_S))
            env.process(customer())

    env.process(source())
    env.run()
    return float(np.mean(waits_s))


def ciw(seed: int) -> float:
    """The same in Ciw."""
    import ciw as library

    library.seed(seed)
    network = library.create_network(
        arrival_distributions=[library.dists.Exponential(_PER_S)],
        service_distributions=[library.dists.Exponential(1.0)],
        number_of_servers=[_SERVERS],
    )
    simulation = library.Simulation(network)
    simulation.simulate_until_max_customers(CUSTOMERS)
    return float(np.mean([record.waiting_time for record in simulation.get_all_records()]))


def salabim(seed: int) -> float:
    """The same in salabim, with generators."""
    import salabim as library

    library.yieldless(False)
    draw = random.Random(seed).expovariate  # noqa: S311 - not a secret
    env = library.Environment(trace=False, random_seed=seed)
    servers = library.Resource("servers", capacity=_SERVERS)
    waits_s: list[float] = []

    class Customer(library.Component):  # type: ignore[misc]
        def process(self) -> Steps:
            came_s = env.now()
            yield self.request(servers)
            waits_s.append(env.now() - came_s)
            yield self.hold(draw(1.0))
            self.release()

    class Source(library.Component):  # type: ignore[misc]
        def process(self) -> Steps:
            for _ in range(CUSTOMERS):
                yield self.hold(draw(_PER_S))
                Customer()

    Source()
    env.run()
    return float(np.mean(waits_s))


OTHERS: dict[str, Callable[[int], float]] = {"simpy": simpy, "ciw": ciw, "salabim": salabim}


def measure(display: Display) -> dict[str, Ratio]:
    """`mm2`, with a row for each of the others.

    Raises:
        RunError: a simulator is not installed, or has not simulated this queue.
    """
    compiled(seed=0)  # compile
    per_s: dict[str, list[tuple[float, float]]] = {name: [] for name in OTHERS}
    for turn in range(TURNS):
        with display.step(f"M/M/2, turn {turn + 1}", expected_s=STEP_S) as live:
            for name, simulate in OTHERS.items():
                live(f"{name}, {CUSTOMERS:,} customers")
                per_s[name].append((_per_s(compiled, turn), _per_s(simulate, turn)))
    what = f"customers/s, simulated compiled / by the other library: M/M/2, {CUSTOMERS:,} customers"
    return {
        f"mm2.{name}": Ratio.of(pairs, what, {"ours_per_s": ours, "theirs_per_s": theirs})
        for name, pairs in per_s.items()
        for ours, theirs in [zip(*pairs, strict=True)]
    }


def _per_s(simulate: Callable[[int], float], seed: int) -> float:
    """Customers simulated in a second of CPU."""
    began_s = time.process_time()
    try:
        wait_s = simulate(seed)
    except ModuleNotFoundError as missing:
        raise RunError(f"{missing.name} is not installed; it comes with dropday[dev]") from None
    took_s = time.process_time() - began_s
    if abs(wait_s / _EXACT_WAIT_S - 1) > _FAR:
        raise RunError(f"{simulate.__name__}: a mean wait of {wait_s:.3f} s, expected {_EXACT_WAIT_S} s")
    return CUSTOMERS / took_s

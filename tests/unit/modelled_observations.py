"""Observations of the model itself: a machine of which every demand is known, to calibrate on."""

from __future__ import annotations

from collections import defaultdict
from random import Random

import numpy as np
import simpy

from scenarios.history import Outcome
from simulator.checkout import Checkout, Page
from simulator.database import Order
from simulator.observation import Cpu, Kind, Observation, Timing
from simulator.profile import Profile
from simulator.shop import Shop
from simulator.stations import Steps
from simulator.strategies import STRATEGIES

_WARMUP_S = 0.2
_DURATION_S = 1.0
_MANY = 64
_CLIENTS: dict[Kind, int] = {"back_to_back": 1, "browse": 1}
_UNITS: dict[Kind, int] = {"refused": 1, "sold_out": 0, "newcomers": 0}


def observe(profile: Profile, strategy: str, kind: Kind, *, speed: float = 1.0) -> Observation:
    """One closed-loop run of the model, reported as a run of the real system is."""
    clients = _CLIENTS.get(kind, _MANY)
    env = simpy.Environment()
    shop = Shop(
        env,
        STRATEGIES[strategy],
        profile,
        random=Random(1),  # noqa: S311 - not a secret
        speed=speed,
        workers=profile.workers,
        pool_size=profile.pool_size,
        units=[_UNITS.get(kind, 10**9)],
        balances_won=[10**12] * clients,
    )
    outcomes: list[Outcome] = []
    latencies_ms: list[float] = []
    spans_ms: defaultdict[str, list[float]] = defaultdict(list)

    def client(number: int) -> Steps:
        random = Random(number)  # noqa: S311 - not a secret
        sent = 0
        while True:
            since_s, pace = env.now, random.lognormvariate(-(profile.unevenness**2) / 2, profile.unevenness)
            order = Order(number, f"{number}-{sent}", ((0, 2 if kind == "refused" else 1),), 1, pace)
            if kind == "newcomers":
                yield from shop.workers[0].admit(shop.connect_s)
            request = (
                Page(shop, shop.workers[0], pace)
                if kind == "browse"
                else Checkout(shop, shop.workers[0], order)
            )
            answer = yield from request.answer()
            yield env.timeout(shop.wire_s)
            sent += 1
            if env.now > _WARMUP_S:
                outcomes.append(answer.outcome)
                latencies_ms.append((env.now - since_s) * 1e3)
                for span, ms in answer.spans:
                    spans_ms[span].append(ms)

    for number in range(clients):
        env.process(client(number))
    env.run(until=_WARMUP_S + _DURATION_S)
    window_s = np.array([_WARMUP_S, _WARMUP_S + _DURATION_S])
    used_s = {
        role: float(np.diff(shop.cores.busy_s(role, window_s))[0]) for role in ("worker", "database", "redis")
    }
    return Observation(
        kind=kind,
        strategy=strategy,
        clients=clients,
        workers=profile.workers,
        pool_size=profile.pool_size,
        system_cores=profile.system_cores,
        duration_s=_DURATION_S,
        answered=len(outcomes),
        bought=outcomes.count(Outcome.BOUGHT),
        latency_ms=_timing(latencies_ms),
        spans_ms={span: _timing(values) for span, values in spans_ms.items()},
        cpu_s=Cpu(**used_s),
        machine_speed=speed,
    )


def _timing(ms: list[float]) -> Timing:
    p50, p95, p99, most = np.quantile(ms, [0.5, 0.95, 0.99, 1.0]).tolist()
    return Timing(count=len(ms), mean=float(np.mean(ms)), p50=p50, p95=p95, p99=p99, max=most)

"""The model under the load of a calibration: clients who order, wait for the answer, and order again."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Generator as Process
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np
import simpy

from scenarios.history import Outcome
from scenarios.scenario import Sku
from simulator.checkout import exchange
from simulator.defaults import Settings
from simulator.generator import Generator, GeneratorWork
from simulator.observation import Cpu, Kind, Observation, Seen, Timing
from simulator.order import Draws, Order
from simulator.profile import Profile
from simulator.requests import Answer, Page
from simulator.shop import Shop, Worker
from simulator.stations import ROLES, Steps
from simulator.strategies import KeptIn, Strategy

_PLENTY = 10**12
_SHOPPERS = 5_000  # who order in turns: the buyers of the last units must not be all who ask
_AT_ONCE = GeneratorWork()  # what the client takes lies in the wire's time


def units_for(kind: Kind, strategy: Strategy, settings: Settings) -> int | None:
    """With how many units in stock a kind of run begins, so few that nobody can be sold any; None: plenty.

    Where they lie in buckets there is one in each: no order of two can be had, and the first of one are.
    """
    if kind not in ("refused", "sold_out", "strangers"):
        return None
    return settings.buckets if strategy.kept_in is KeptIn.BUCKETS else 1


@dataclass(frozen=True)
class ClosedLoop:
    """So many clients on one SKU. What happens in the warm-up is not counted.

    `entries` are on record before it begins, where what is sold and held is summed up.
    """

    kind: Kind
    clients: int
    settings: Settings
    warmup_s: float = 0.2
    duration_s: float = 1.0
    entries: int = 0

    def observe(self, strategy: Strategy, profile: Profile, *, speed: float = 1.0) -> Observation:
        """What the model does, in the form in which the real system is observed.

        Args:
            speed: of the machine, where the profile's own is 1.
        """
        return self.look(strategy, profile, speed=speed).observation

    def look(self, strategy: Strategy, profile: Profile, *, speed: float = 1.0) -> Seen:
        """The same, with what no observer of the real system can see."""
        return _Run(self, strategy, profile, speed).observe()

    def orders_per_s(self, strategy: Strategy, profile: Profile) -> float:
        """The throughput of the model."""
        return self.observe(strategy, profile).per_s


@dataclass
class _Run:
    load: ClosedLoop
    strategy: Strategy
    profile: Profile
    speed: float
    answers: list[Outcome] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)
    spans_ms: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def observe(self) -> Seen:
        load, env = self.load, simpy.Environment()
        units = units_for(load.kind, self.strategy, load.settings) or _PLENTY
        self.client = Generator(env, _AT_ONCE)
        shop = Shop(
            env,
            self.strategy,
            self.profile,
            draws=Draws(0),
            speed=self.speed,
            settings=load.settings,
            skus=[Sku("calibration-270", "calibration", 1, units, 1.0, None)],
            balances_won=[_PLENTY] * _SHOPPERS,
        )
        shop.database.stock[0].entries = load.entries
        if load.kind != "strangers":
            for worker in shop.workers:
                worker.acquainted.update(range(_SHOPPERS))
        for client in range(load.clients):
            env.process(self._send_again_and_again(shop, client))
        env.run(until=load.warmup_s)
        before = Counter(shop.batches)
        env.run(until=load.warmup_s + load.duration_s)
        return Seen(self._observation(shop), dict(shop.batches - before))

    def _send_again_and_again(self, shop: Shop, client: int) -> Steps:
        random = Random(client)  # noqa: S311 - not a secret
        sigma, number = self.profile.unevenness, 0
        worker = shop.workers[client % len(shop.workers)]
        while True:
            pace = random.lognormvariate(-sigma * sigma / 2, sigma)
            since_s = shop.env.now
            answer = yield from self._send(shop, worker, client, number, pace)
            if shop.env.now > self.load.warmup_s:
                self.answers.append(answer.outcome)
                self.latencies_ms.append((shop.env.now - since_s) * 1e3)
                for span, ms in answer.spans:
                    self.spans_ms[span].append(ms)
            number += 1

    def _send(
        self, shop: Shop, worker: Worker, client: int, number: int, pace: float
    ) -> Process[simpy.Event, Any, Answer]:
        if self.load.kind == "browse":
            answer = yield from Page(shop, worker, pace).answer()
            yield self.client.receive(shop.wire_s)
            return answer
        lines = ((0, 2 if self.load.kind == "refused" else 1),)
        shopper = number * self.load.clients + client
        if self.load.kind != "strangers":
            shopper %= _SHOPPERS
        order = Order(shopper, f"{client}-{number}", lines, 1, pace, (client, number))
        return (yield from exchange(shop, worker, order, self.client, lambda: None))

    def _observation(self, shop: Shop) -> Observation:
        load = self.load
        window_s = np.array([load.warmup_s, load.warmup_s + load.duration_s])
        used_s = {role: float(np.diff(shop.cores.busy_s(role, window_s))[0]) for role in ROLES}
        return Observation(
            kind=load.kind,
            strategy=self.strategy.name,
            clients=load.clients,
            workers=load.settings.workers,
            pool_size=load.settings.pool_size,
            system_cores=self.profile.system_cores,
            duration_s=load.duration_s,
            answered=len(self.answers),
            bought=self.answers.count(Outcome.BOUGHT),
            latency_ms=Timing.of(np.array(self.latencies_ms)),
            spans_ms={span: Timing.of(np.array(values)) for span, values in self.spans_ms.items()},
            cpu_s=Cpu(**used_s),
            machine_speeds=(self.speed,),
        )

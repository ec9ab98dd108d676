"""The model under the load of a calibration: clients who order, wait for the answer, and order again."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import simpy

from scenarios.history import Outcome
from simulator.checkout import Checkout
from simulator.database import Order
from simulator.profile import Profile
from simulator.shop import Shop
from simulator.stations import Steps
from simulator.strategies import Strategy

_PLENTY = 10**12


@dataclass(frozen=True)
class ClosedLoop:
    """So many clients on one SKU that never sells out. What happens in the warm-up is not counted."""

    clients: int
    workers: int
    pool_size: int
    warmup_s: float
    duration_s: float

    def orders_per_s(self, strategy: Strategy, profile: Profile) -> float:
        """The throughput of the model, with its machine at the profile's own speed."""
        env = simpy.Environment()
        shop = Shop(
            env,
            strategy,
            profile,
            random=Random(0),  # noqa: S311 - not a secret
            speed=1.0,
            workers=self.workers,
            pool_size=self.pool_size,
            units=[_PLENTY],
            balances_won=[_PLENTY] * self.clients,
        )
        bought_s: list[float] = []
        for client in range(self.clients):
            env.process(self._order_again_and_again(shop, client, profile.unevenness, bought_s))
        env.run(until=self.warmup_s + self.duration_s)
        return sum(at_s >= self.warmup_s for at_s in bought_s) / self.duration_s

    def _order_again_and_again(
        self, shop: Shop, client: int, unevenness: float, bought_s: list[float]
    ) -> Steps:
        random = Random(client)  # noqa: S311 - not a secret
        number = 0
        while True:
            pace = random.lognormvariate(-unevenness * unevenness / 2, unevenness)
            order = Order(client, f"{client}-{number}", ((0, 1),), 1, pace)
            answer = yield from Checkout(shop, shop.workers[client % self.workers], order).answer()
            if answer.outcome is Outcome.BOUGHT:
                bought_s.append(shop.env.now)
            yield shop.env.timeout(shop.wire_s)
            number += 1

"""The contests in the SimPy model, the whole of it."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import numpy as np
import simpy

from scenarios.arrivals import generate
from scenarios.history import Outcome
from scenarios.scenario import Sku
from simulator.checkout import Checkout
from simulator.defaults import Settings
from simulator.model import simulate_strategy
from simulator.order import Draws, Order
from simulator.profile import Profile
from simulator.selfcheck.contests import UNCROWDED, Attempts, Drop, Leases, Rivals, drawn_seed
from simulator.selfcheck.systems import Floats
from simulator.shop import Shop
from simulator.stations import Steps
from simulator.strategies import Strategy

_PLENTY = 10**9


def oversold(drop: Drop, random: np.random.Generator) -> int:
    """One run of a drop: units sold that were not there."""
    record = simulate_strategy(
        drop.scenario,
        drop.strategy,
        drop.profile,
        arrivals=generate(drop.scenario, drawn_seed(random)),
        replication=0,
        settings=UNCROWDED,
    )
    return len(record.books.orders) - drop.units


def attempts(rivals: Rivals, random: np.random.Generator) -> Attempts:
    """One run of rivals."""
    env = simpy.Environment()
    shop = _shop(env, rivals.strategy, rivals.profile, settings=rivals.settings, shoppers=rivals.clients)
    ended_s: list[float] = []
    committed: list[bool] = []
    commits, enough = count(1), env.event()

    def client(number: int) -> Steps:
        for attempt in count():
            pace = float(rivals.law.draw(random, 1)[0])
            order = Order(number, f"{number}-{attempt}", ((0, 1),), 1, pace, (number, attempt))
            answer = yield from Checkout(shop, shop.workers[0], order).answer()
            bought = answer.outcome is Outcome.BOUGHT
            ended_s.append(env.now)
            committed.append(bought)
            if bought and next(commits) == rivals.commits:
                enough.succeed()

    for number in range(rivals.clients):
        env.process(client(number))
    env.run(until=enough)
    return Attempts(np.array(ended_s), np.array(committed))


def violations(leases: Leases, random: np.random.Generator) -> Floats:
    """One run of pairs: 1 for each of whom both got the last unit, else 0."""
    env = simpy.Environment()
    shop = _shop(
        env,
        leases.strategy,
        leases.profile,
        shoppers=2 * leases.pairs,
        skus=leases.pairs,
        units=1,
        settings=replace(UNCROWDED, lease_s=leases.lease_s),
    )
    shop.close()  # no sold-out board: Redis alone keeps them apart
    paces = random.lognormal(0.0, leases.sigma, leases.pairs).tolist()
    bought = np.zeros(leases.pairs)

    def buy(shopper: int, pair: int, pace: float, after_s: float) -> Steps:
        yield env.timeout(after_s)
        order = Order(shopper, f"{shopper}", ((pair, 1),), 1, pace, (shopper,))
        answer = yield from Checkout(shop, shop.workers[0], order).answer()
        bought[pair] += answer.outcome is Outcome.BOUGHT

    for pair, pace in enumerate(paces):
        env.process(buy(2 * pair, pair, pace, 0.0))
        env.process(buy(2 * pair + 1, pair, 1.0, leases.lease_s))
    env.run()
    return bought - 1


def _shop(
    env: simpy.Environment,
    strategy: Strategy,
    profile: Profile,
    *,
    settings: Settings,
    shoppers: int,
    skus: int = 1,
    units: int = _PLENTY,
) -> Shop:
    return Shop(
        env,
        strategy,
        profile,
        draws=Draws(0),
        speed=1.0,
        settings=settings,
        skus=[Sku(f"shoe-{number}", "shoe", 1, units, 1.0, None) for number in range(skus)],
        balances_won=[_PLENTY] * shoppers,
    )

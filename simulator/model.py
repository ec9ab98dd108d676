"""The model: one drop under one strategy, in simulated time, leaving the same record as a measured run."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import simpy

from scenarios import history
from scenarios.arrivals import Arrivals, generate
from scenarios.conditions import Conditions, Generator, Sample
from scenarios.record import Record
from scenarios.scenario import Scenario
from simulator.books import read_books
from simulator.crowd import Crowd
from simulator.defaults import Settings
from simulator.order import Draw, Draws
from simulator.profile import Profile
from simulator.shop import Shop
from simulator.strategies import Strategy, strategy_named

_SAMPLE_S = 0.2


def simulate(
    scenario: Scenario,
    strategy: str,
    profile: Profile,
    *,
    seed: int,
    replication: int,
    workers: int,
    pool_size: int,
) -> Record:
    """One run of the model. The same arguments give the same record, on any machine.

    The crowd belongs to `seed`, and is the one that a load test with this seed sends. What else chance
    decides (the machine's speed in this run, the work in each request, who gets a lock) belongs to `seed` and
    `replication`, and as far as it can be, is the same for all strategies.

    Raises:
        ValueError: the model has no such strategy.
        ProfileError: the profile has no demands for it.
    """
    return simulate_strategy(
        scenario,
        strategy_named(strategy),
        profile,
        arrivals=generate(scenario, seed),
        replication=replication,
        settings=Settings(workers=workers, pool_size=pool_size),
    )


def simulate_strategy(
    scenario: Scenario,
    strategy: Strategy,
    profile: Profile,
    *,
    arrivals: Arrivals,
    replication: int,
    settings: Settings,
) -> Record:
    """The same for stages, arrivals and settings of one's own."""
    draws = Draws(arrivals.seed, replication)
    env = simpy.Environment()
    shop = Shop(
        env,
        strategy,
        profile,
        draws=draws,
        speed=math.exp(profile.speed_spread * NormalDist().inv_cdf(draws(Draw.SPEED))),
        settings=settings,
        skus=scenario.skus,
        balances_won=[scenario.shoppers.balance_won] * arrivals.number_of_shoppers,
    )
    crowd = Crowd(shop, scenario, arrivals, unevenness=profile.unevenness)
    env.run(until=env.process(crowd.visit()))
    shop.close()
    env.run()
    return Record(
        history=history.frame(crowd.attempts),
        books=read_books(scenario, shop),
        conditions=Conditions(
            generator=_on_time(len(arrivals)),
            samples=_samples(shop, until_s=env.now),
            system_cores=profile.system_cores,
            generator_shares_cores=False,
            workers=settings.workers,
            pool_size=settings.pool_size,
        ),
    )


def _on_time(journeys: int) -> Generator:
    return Generator(
        offered=journeys,
        sent=journeys,
        dropped=0,
        lateness_p50_ms=0,
        lateness_p99_ms=0,
        lateness_max_ms=0,
        cpu_share=0,
    )


def _samples(shop: Shop, until_s: float) -> tuple[Sample, ...]:
    at_s = np.arange(1, math.ceil(until_s / _SAMPLE_S) + 1, dtype=np.float64) * _SAMPLE_S
    busy = {
        role: (np.diff(shop.cores.busy_s(role, at_s), prepend=0) / _SAMPLE_S).tolist()
        for role in ("worker", "consumer", "database", "redis")
    }
    return tuple(
        Sample(at_s=at, generator=0, **dict(zip(busy, cores, strict=True)))
        for at, *cores in zip(at_s.tolist(), *busy.values(), strict=True)
    )

"""The model: one drop under one strategy, in simulated time, leaving the same record as a measured run."""

from __future__ import annotations

import numpy as np
import simpy

from scenarios import history
from scenarios.arrivals import Arrivals, generate
from scenarios.record import Record
from scenarios.scenario import Scenario
from simulator.books import read_books
from simulator.circumstances import SAMPLE_S, conditions, sample_times, speed_of, speeds_of
from simulator.crowd import Crowd
from simulator.defaults import Settings
from simulator.engine import Engine
from simulator.generator import GeneratorWork
from simulator.order import Draws
from simulator.profile import Profile
from simulator.shop import Shop
from simulator.stations import ROLES
from simulator.strata import CENTRE, Stratum
from simulator.strategies import Strategy, strategy_named


def simulate(
    scenario: Scenario,
    strategy: str,
    profile: Profile,
    *,
    seed: int,
    replication: int,
    stratum: Stratum = CENTRE,
    workers: int,
    pool_size: int,
    engine: Engine = Engine.SIMPY,
) -> Record:
    """One run of the model. The same arguments give the same record, on any machine, by either engine.

    The crowd belongs to `seed`, and is the one that a load test with this seed sends. How fast the machine is
    belongs to `stratum`; alone, a run is at the calibrated pace. What else chance decides (the work in each
    request, who gets a lock) belongs to `seed` and `replication`, and as far as it can be, is the same for
    all strategies.

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
        stratum=stratum,
        settings=Settings(workers=workers, pool_size=pool_size),
        engine=engine,
    )


def simulate_strategy(
    scenario: Scenario,
    strategy: Strategy,
    profile: Profile,
    *,
    arrivals: Arrivals,
    replication: int,
    stratum: Stratum = CENTRE,
    settings: Settings,
    engine: Engine = Engine.SIMPY,
) -> Record:
    """The same for stages, arrivals and settings of one's own."""
    if engine is Engine.COMPILED:
        from simulator.compiled import play  # here, as to load the compiler takes a second

        run = play(
            scenario,
            strategy,
            profile,
            arrivals=arrivals,
            replication=replication,
            stratum=stratum,
            settings=settings,
        )
        return run.record()
    draws = Draws(arrivals.seed, replication)
    speed, speeds = speed_of(profile, stratum), speeds_of(profile, stratum, scenario.duration_s)
    env = simpy.Environment()
    shop = Shop(
        env,
        strategy,
        profile,
        draws=draws,
        speed=speed,
        speeds=speeds,
        settings=settings,
        skus=scenario.skus,
        balances_won=[scenario.shoppers.balance_won] * arrivals.number_of_shoppers,
    )
    sending = GeneratorWork.of(profile.generator, arrivals)
    crowd = Crowd(shop, scenario, arrivals, sending=sending, unevenness=profile.unevenness)
    env.run(until=env.process(crowd.visit()))
    shop.close()
    env.run()
    at_s = sample_times(env.now)
    busy = [np.diff(shop.cores.busy_s(role, at_s), prepend=0) / SAMPLE_S for role in ROLES]
    return Record(
        history=history.frame(crowd.attempts),
        books=read_books(scenario, shop),
        conditions=conditions(
            profile,
            settings,
            speed=speed,
            speeds=speeds,
            journeys=len(arrivals),
            generator_used_s=crowd.generator.used_s,
            cores=np.column_stack(busy),
        ),
    )

"""Clients in a closed loop, by SimPy and by the compiled engine: each sees the same in every kind of run."""

from __future__ import annotations

import numpy as np
import pytest
import simpy

from scenarios import history
from simulator.circumstances import SAMPLE_S, conditions, sample_times, speeds_of
from simulator.closed_loop import ClosedLoop
from simulator.crowd import Crowd
from simulator.defaults import Settings
from simulator.generator import GeneratorWork
from simulator.observation import Kind, Seen
from simulator.order import Draws
from simulator.profile import Profile
from simulator.shop import Shop
from simulator.stations import ROLES
from simulator.strata import CENTRE
from simulator.strategies import STRATEGIES, Strategy
from tests.unit.profiles import moody_machine

CLOSED: list[Kind] = [
    *("back_to_back", "saturated", "late", "refused", "sold_out", "strangers", "browse"),
]
PROFILE = moody_machine(speed_spread=0.0)
SETTINGS = Settings(pool_size=5)


def by_simpy(load: ClosedLoop, strategy: Strategy, profile: Profile) -> Seen:
    """What SimPy, which is the arbiter, makes of a closed loop."""
    scenario = load.scenario(strategy)
    arrivals, env = load.orders(scenario), simpy.Environment()
    draws = Draws(arrivals.seed, 0)
    shop = Shop(
        env,
        strategy,
        profile,
        draws=draws,
        speed=1.0,
        speeds=speeds_of(profile, CENTRE, scenario.duration_s),
        settings=load.settings,
        skus=scenario.skus,
        balances_won=[scenario.shoppers.balance_won] * arrivals.number_of_shoppers,
    )
    load.sending.prepare(shop, arrivals.number_of_shoppers)
    crowd = Crowd(
        shop,
        scenario,
        arrivals,
        sending=GeneratorWork(),
        unevenness=profile.unevenness,
        clients=load.sending,
    )
    env.run(until=env.process(crowd.visit()))
    shop.close()
    env.run()
    at_s = sample_times(env.now)
    busy = [np.diff(shop.cores.busy_s(role, at_s), prepend=0) / SAMPLE_S for role in ROLES]
    told = conditions(
        profile,
        load.settings,
        speed=1.0,
        speeds=shop.cores.speeds,
        journeys=len(crowd.attempts),
        generator_used_s=0.0,
        cores=np.column_stack(busy),
    )
    return load.seen(strategy, history.frame(crowd.attempts), told, shop.batches)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("kind", CLOSED)
def test_clients_see_the_same_by_either_engine(kind: Kind, strategy: str) -> None:
    alone = kind in ("back_to_back", "late", "browse")
    entries = 50 if kind == "late" else 0
    load = ClosedLoop(kind, 1 if alone else 24, SETTINGS, warmup_s=0.05, duration_s=0.15, entries=entries)

    simpy_sees = by_simpy(load, STRATEGIES[strategy], PROFILE)
    compiled_sees = load.look(STRATEGIES[strategy], PROFILE)

    seen, same = compiled_sees.observation, simpy_sees.observation
    # CPU is a sum of many times, which the engines add up in different orders.
    assert seen.cpu_s.model_dump() == pytest.approx(same.cpu_s.model_dump(), abs=1e-8)
    assert seen == same.model_copy(update={"cpu_s": seen.cpu_s})
    assert dict(compiled_sees.batches) == dict(simpy_sees.batches)
    assert seen.answered > 5

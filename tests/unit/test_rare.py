"""Leases that are outlived: exact where that can be computed, as in crude simulation where that sees any."""

from __future__ import annotations

import math

import numpy as np
import pytest
import simpy
from scipy import integrate, stats

from scenarios.history import Outcome
from scenarios.scenario import Sku
from simulator.checkout import Checkout
from simulator.defaults import Settings
from simulator.order import Draws, Order
from simulator.profile import Demand
from simulator.rare import Lease, Pauses
from simulator.replications import mean_interval
from simulator.selfcheck.contests import thinking
from simulator.selfcheck.weightless import weightless
from simulator.shop import Shop
from simulator.stations import Steps
from simulator.strategies import Take

HELD_S, PAUSE_S, PAUSES_PER_S, SALES_PER_S = 0.02, 0.1, 0.5, 50.0
STEP_MS = 100.0  # of the holder, at a pace of 1
PAUSES = Pauses(PAUSES_PER_S, stats.expon(scale=PAUSE_S))


def exponential(lease_s: float) -> Lease:
    """All times exponential, so that everything can be computed."""
    return Lease(lease_s, stats.expon(scale=HELD_S), PAUSES, SALES_PER_S, units=10**9)


def by_a_pause(lease_s: float) -> float:
    """The chance that a lease would be given back in time, if there were not a pause that is too long."""

    def density(held_s: float) -> float:
        pauses = -math.expm1(-PAUSES_PER_S * held_s)
        return math.exp(-held_s / HELD_S) / HELD_S * pauses * math.exp(-(lease_s - held_s) / PAUSE_S)

    return float(integrate.quad(density, 0, lease_s, epsabs=0, epsrel=1e-10)[0])


@pytest.mark.parametrize(("lease_s", "about"), [(0.1, 1e-2), (0.5, 1e-4), (1.5, 5e-9), (2.0, 3e-11)])
def test_the_chance_of_a_violation_is_exact_however_small(lease_s: float, about: float) -> None:
    exact = by_a_pause(lease_s) + math.exp(-lease_s / HELD_S)

    chance = exponential(lease_s).violations(seed=1).chance

    assert exact == pytest.approx(about, rel=0.6)
    assert chance.mean == pytest.approx(exact, rel=0.02)
    assert chance.half_width < 0.02 * exact


@pytest.mark.parametrize("lease_s", [0.5, 1.5])
def test_the_units_oversold_are_the_sales_while_the_lease_is_over(lease_s: float) -> None:
    """An exponential pause that outlives the lease outlives it by as much as any pause is long."""
    exact = SALES_PER_S * (by_a_pause(lease_s) * PAUSE_S + math.exp(-lease_s / HELD_S) * HELD_S)

    units = exponential(lease_s).violations(seed=1).units

    assert units.mean == pytest.approx(exact, rel=0.03)
    assert units.half_width < 0.03 * exact


def test_a_lease_that_is_always_held_equally_long_is_exact_without_any_luck() -> None:
    lease = Lease(1.0, stats.uniform(0.2, 1e-15), PAUSES, SALES_PER_S, units=10**9)

    chance = lease.violations(seed=1, runs=10).chance

    exact = -math.expm1(-PAUSES_PER_S * 0.2) * math.exp(-0.8 / PAUSE_S)
    assert chance.mean == pytest.approx(exact)
    assert chance.half_width < 1e-9 * exact


def test_the_intervals_cover_the_exact_chance_as_often_as_they_say() -> None:
    exact = by_a_pause(1.0) + math.exp(-1.0 / HELD_S)

    covered = sum(
        one.low <= exact <= one.high
        for seed in range(400)
        for one in [exponential(1.0).violations(seed, runs=2_000).chance]
    )

    low, high = stats.binom.interval(0.999, 400, 0.95)
    assert low <= covered <= high


def crude(lease: Lease, seed: int, runs: int) -> tuple[np.ndarray, np.ndarray]:
    """Leases as they come: whether each was violated, and the units that it oversold."""
    random = np.random.default_rng(seed)
    held_s = lease.held_s.ppf(random.random(runs))
    pauses = random.random(runs) < lease.pauses.chance(held_s)
    pause_s = np.where(pauses, lease.pauses.length_s.isf(random.random(runs)), 0.0)
    over_s = np.maximum(held_s + pause_s - lease.lease_s, 0.0)
    return over_s > 0, np.minimum(random.poisson(lease.sales_per_s * over_s), lease.units)


@pytest.mark.parametrize(
    "lease",
    [
        exponential(0.1),
        Lease(0.08, stats.lognorm(0.7, scale=HELD_S), Pauses(2.0, stats.pareto(1.5, scale=0.02)), 40.0, 7),
    ],
    ids=["exponential", "heavy tails, few units"],
)
def test_crude_simulation_sees_the_same_where_it_sees_anything(lease: Lease) -> None:
    violated, oversold = crude(lease, seed=2, runs=400_000)
    found = lease.violations(seed=1)

    for seen, interval in ((violated, found.chance), (oversold, found.units)):
        by_luck = mean_interval(seen, 0.999)
        assert by_luck.low < interval.mean < by_luck.high
        assert interval.half_width < by_luck.half_width


def test_crude_simulation_sees_nothing_of_what_is_rare() -> None:
    lease = exponential(2.0)

    assert not crude(lease, seed=2, runs=400_000)[0].any()
    assert 0 < lease.violations(seed=1).chance.low < 1e-9


def test_measured_times_can_be_given_as_a_histogram() -> None:
    held_s = np.random.default_rng(1).exponential(HELD_S, 100_000)
    measured = stats.rv_histogram(np.histogram(held_s, 2_000), density=True)

    chance = Lease(1.0, measured, PAUSES, SALES_PER_S, 10**9).violations(seed=1).chance

    assert chance.mean == pytest.approx(exponential(1.0).violations(seed=1).chance.mean, rel=0.05)


def test_many_leases_are_violated_more_often_than_one() -> None:
    found = exponential(1.5).violations(seed=1)

    assert found.chance_in(1).mean == pytest.approx(found.chance.mean)
    assert found.chance_in(1_000).mean == pytest.approx(1_000 * found.chance.mean, rel=1e-4)
    assert found.chance_in(10**12).mean == pytest.approx(1)
    assert found.units_in(1_000).mean == pytest.approx(1_000 * found.units.mean)


def test_nobody_oversells_more_than_there_is() -> None:
    endless = Pauses(PAUSES_PER_S, stats.expon(scale=1e9))
    found = Lease(0.5, stats.expon(scale=HELD_S), endless, SALES_PER_S, units=3).violations(seed=1)

    assert found.units.mean == pytest.approx(3 * found.chance.mean, rel=1e-2)


def oversold_by_the_model(units: int, over_s: float, lease_s: float, seed: int) -> int:
    """One holder outlives its lease by `over_s`; others come at random, and hold it for no time at all."""
    env, random = simpy.Environment(), np.random.default_rng(seed)
    strategy = thinking(Take.OVERWRITE, leased=True)
    shop = Shop(
        env,
        strategy,
        weightless(strategy, think=Demand(database_ms=STEP_MS)),
        draws=Draws(seed),
        speed=1.0,
        settings=Settings(pool_size=200, lease_s=lease_s),
        skus=[Sku("shoe", "shoe", 1, units, 1.0, None)],
        balances_won=[10**6] * 1_000,
    )
    shop.close()
    bought: list[int] = []

    def buy(shopper: int, at_s: float, held_s: float) -> Steps:
        yield env.timeout(at_s)
        order = Order(shopper, f"{shopper}", ((0, 1),), 1, held_s * 1e3 / STEP_MS, (shopper,))
        answer = yield from Checkout(shop, shop.workers[0], order).answer()
        if answer.outcome is Outcome.BOUGHT:
            bought.append(shopper)

    env.process(buy(0, 0.0, lease_s + over_s))
    at_s = lease_s + np.cumsum(random.exponential(1 / SALES_PER_S, 400))
    for shopper, moment_s in enumerate(at_s.tolist(), start=1):
        env.process(buy(shopper, moment_s, 1e-6))
    env.run()
    return len(bought) - units


def test_the_model_oversells_what_others_sell_while_a_lease_is_over() -> None:
    oversold = [oversold_by_the_model(60, 0.4, 1.0, seed) for seed in range(20)]

    low, high = stats.poisson.interval(0.999, 20 * SALES_PER_S * 0.4)
    assert low <= sum(oversold) <= high


def test_the_model_does_not_oversell_more_than_there_is() -> None:
    assert oversold_by_the_model(5, 2.0, 1.0, seed=1) == 5

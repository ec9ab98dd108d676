"""What is known exactly of strategies, against the model. Intervals of 99 %, from independent pieces."""

from __future__ import annotations

import numpy as np
import pytest
import simpy
from scipy import stats

from scenarios.arrivals import generate
from scenarios.history import Outcome
from scenarios.scenario import Sku
from simulator.checkout import Checkout
from simulator.closed_loop import ClosedLoop
from simulator.defaults import Settings
from simulator.model import simulate_strategy
from simulator.order import Draws, Order
from simulator.profile import Demand
from simulator.shop import Shop
from simulator.stations import Steps
from simulator.strategies import STRATEGIES, Stage, Step, Strategy, Take
from tests.unit.profiles import one_sku, weightless
from tests.unit.queues import Floats, interval

_CROWD = ClosedLoop("saturated", 20, Settings(), warmup_s=1, duration_s=20)


@pytest.mark.parametrize("name", ["conditional_update", "no_lock", "check_then_decrement"])
def test_a_hot_row_is_one_server(name: str) -> None:
    strategy = STRATEGIES[name]
    profile = weightless(strategy, place_order=Demand(flush_ms=5))

    assert _CROWD.orders_per_s(strategy, profile) == pytest.approx(1 / 0.005, abs=0.1)


def test_a_lock_is_held_until_the_commit_is_on_the_disk() -> None:
    strategy = STRATEGIES["pessimistic_lock"]
    profile = weightless(
        strategy, lock_row=Demand(), place_order=Demand(database_ms=3), commit=Demand(flush_ms=2)
    )

    assert _CROWD.orders_per_s(strategy, profile) == pytest.approx(1 / 0.005, abs=0.1)


def test_an_advisory_lock_is_one_server_from_its_grant_to_the_commit() -> None:
    strategy = STRATEGIES["advisory_lock"]
    profile = weightless(
        strategy,
        read_stock=Demand(database_ms=2),
        place_order=Demand(database_ms=3),
        commit=Demand(flush_ms=2),
    )

    assert _CROWD.orders_per_s(strategy, profile) == pytest.approx(1 / 0.007, abs=0.1)


def test_a_batch_of_all_clients_takes_what_it_takes_once_and_what_each_of_them_takes() -> None:
    """X = B / (t0 + B t1), where B clients are always answered together and meet in the next batch again."""
    strategy, clients = STRATEGIES["micro_batch"], 40
    once = {"batch": Demand(database_ms=8, flush_ms=2)}
    profile = weightless(strategy, once, batch=Demand(database_ms=0.25))
    load = ClosedLoop("saturated", clients, Settings(batch_window_s=0.001), warmup_s=1, duration_s=20)

    per_s = load.orders_per_s(strategy, profile)

    # the window is counted in whole milliseconds: it ends at the next, which is as good as any
    assert clients / 0.021 <= per_s <= clients / 0.020


def test_messages_on_one_lane_are_answered_when_all_orders_in_them_are_placed() -> None:
    strategy, most = STRATEGIES["conditional_update"], 16
    profile = weightless(
        strategy, {"place_order": Demand(database_ms=4)}, place_order=Demand(database_ms=0.5)
    )
    load = ClosedLoop("saturated", 5 * most, Settings(pipeline=most), warmup_s=1, duration_s=20)

    assert load.orders_per_s(strategy, profile) == pytest.approx(most / (0.004 + most * 0.0005), rel=0.01)


def _thinking(name: str, take: Take) -> Strategy:
    """Reads, thinks (which is to say, sums up a ledger that has no entries), and places."""
    return Strategy(
        name,
        take,
        (
            Stage("pool", Step.CONNECT),
            Stage("begin", Step.BEGIN),
            Stage("read_stock", Step.READ),
            Stage("think", Step.RESERVE),
            Stage("place_order", Step.PLACE),
            Stage("commit", Step.COMMIT),
        ),
    )


@pytest.mark.parametrize(
    ("take", "stock", "per_s", "expected"),
    [(Take.OVERWRITE, 25, 1_000.0, 25 * 4.0), (Take.UNCHECKED, 25, 4_000.0, 16.0)],
)
def test_controls_sell_what_comes_within_the_window(
    take: Take, stock: int, per_s: float, expected: float
) -> None:
    """No lock: sold = S + Poisson(S lam w): who comes while a unit is being bought buys the same unit.

    Check, then decrement: S + Poisson(lam w): only who comes while the last unit is being bought.
    """
    window_s, runs = 0.004, 40
    thinking = _thinking("thinking", take)
    profile = weightless(thinking, think=Demand(database_ms=window_s * 1e3))
    scenario = one_sku(stock, per_s, duration_s=0.6)

    sold = np.array(
        [
            len(
                simulate_strategy(
                    scenario,
                    thinking,
                    profile,
                    arrivals=generate(scenario, seed),
                    replication=0,
                    settings=Settings(pool_size=1_000),
                ).books.orders
            )
            for seed in range(runs)
        ]
    )

    low, high = interval(sold - stock)
    assert low < expected < high
    # a Poisson variable varies as much as its mean
    spread = (runs - 1) * sold.var(ddof=1) / expected
    assert stats.chi2.ppf(0.005, runs - 1) < spread < stats.chi2.ppf(0.995, runs - 1)


@pytest.mark.parametrize("clients", [5, 20, 50])
@pytest.mark.parametrize("take", [Take.IF_UNCHANGED, Take.IF_FIRST])
@pytest.mark.parametrize("time", ["fixed", "exponential"])
def test_the_attempts_for_a_commit_of_optimists_who_never_rest(clients: int, take: Take, time: str) -> None:
    """N, if all attempts take equally long; if exponentially, Q(N) = sum over k of N! / ((N - k)! N^k)."""
    exact = clients if time == "fixed" else _ramanujan_q(clients)
    attempts = _attempts_a_commit(_thinking("thinking", take), clients, time)

    if time == "fixed":
        assert attempts == pytest.approx(np.full(len(attempts), clients))
    else:
        low, high = interval(attempts)
        assert low < exact < high


def _ramanujan_q(clients: int) -> float:
    terms = np.cumprod(1 - np.arange(clients) / clients)
    return float(terms.sum())


def _attempts_a_commit(strategy: Strategy, clients: int, time: str) -> Floats:
    """In thirty pieces of a run, each of forty commits."""
    env, random = simpy.Environment(), np.random.default_rng(clients)
    shop = _weightless_shop(env, strategy, clients, think=Demand(database_ms=10))
    tried: list[bool] = []

    def client(number: int) -> Steps:
        attempt = 0
        while True:
            pace = random.exponential() if time == "exponential" else 1.0
            order = Order(number, f"{number}-{attempt}", ((0, 1),), 1, pace, (number, attempt))
            answer = yield from Checkout(shop, shop.workers[0], order).answer()
            tried.append(answer.outcome is Outcome.BOUGHT)
            attempt += 1

    for number in range(clients):
        env.process(client(number))
    while sum(tried) < 1_230:
        env.run(until=env.now + 1)
    return np.diff(np.flatnonzero(tried)[:1_230][20:1_221:40]) / 40


def _weightless_shop(
    env: simpy.Environment,
    strategy: Strategy,
    shoppers: int,
    *,
    skus: int = 1,
    units: int = 10**9,
    lease_s: float = 1.0,
    **stages: Demand,
) -> Shop:
    return Shop(
        env,
        strategy,
        weightless(strategy, **stages),
        draws=Draws(1),
        speed=1.0,
        settings=Settings(pool_size=10_000, lease_s=lease_s),
        skus=[Sku(f"shoe-{number}", "shoe", 1, units, 1.0, None) for number in range(skus)],
        balances_won=[10**9] * shoppers,
    )


@pytest.mark.parametrize("lease", [0.7, 1.0, 1.5])
def test_a_lease_is_violated_as_often_as_its_holder_outlives_it(lease: float) -> None:
    """P(H > lease): of two who want the last unit, the second has it too if the first is not done by then."""
    pairs, sigma, held_s = 400, 0.3, 0.3
    strategy = Strategy(
        "leased",
        Take.OVERWRITE,
        (
            Stage("redis_lock", Step.LEASE),
            *_thinking("thinking", Take.OVERWRITE).stages,
            Stage("", Step.DISCONNECT),
            Stage("redis_unlock", Step.UNLEASE),
        ),
    )
    env, random = simpy.Environment(), np.random.default_rng(1)
    shop = _weightless_shop(
        env,
        strategy,
        2 * pairs,
        skus=pairs,
        units=1,
        lease_s=lease * held_s,
        think=Demand(database_ms=held_s * 1e3),
    )
    shop.close()
    paces = np.exp(sigma * random.standard_normal(pairs))

    def buy(shopper: int, sku: int, pace: float) -> Steps:
        order = Order(shopper, f"{shopper}", ((sku, 1),), 1, pace, (shopper,))
        yield from Checkout(shop, shop.workers[0], order).answer()

    for pair in range(pairs):
        env.process(buy(2 * pair, pair, float(paces[pair])))
        env.process(buy(2 * pair + 1, pair, 1.0))
    env.run()

    oversold = len(shop.database.orders) - pairs
    polled_late = 0.005 / held_s  # at most so much after the lease has run out
    assert (paces > lease + polled_late).sum() <= oversold <= (paces > lease).sum()
    low, high = stats.binom.interval(0.999, pairs, stats.lognorm.sf(lease, sigma))
    assert low <= oversold <= high

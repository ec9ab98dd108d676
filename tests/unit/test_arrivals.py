"""The crowd: when it comes, who it is, what it wants; against exact distributions, at fixed seeds.

Each statistical check would fail a correct generator with a chance below `FALSE_ALARM`; the seeds are fixed,
so that it does so always or never.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from scenarios.arrivals import Arrivals, chance, generate, mix64
from scenarios.scenario import Scenario

FALSE_ALARM = 1e-6


def scenario(arrivals: dict[str, Any], **more: Any) -> Scenario:
    sizes = [{"size": str(index), "units": 1, "popularity": 1 + index} for index in range(5)]
    product = {"id": "shoe", "name": "Shoe", "price_won": 1000, "sizes": sizes}
    document = {"name": "test", "summary": "A test.", "arrivals": arrivals, "products": [product]}
    return Scenario.model_validate(document | more)


CONSTANT = {"shape": "constant", "per_s": 500, "duration_s": 20}
RAMP = {
    "shape": "ramp",
    "start_per_s": 0,
    "stages": [
        {"duration_s": 4, "to_per_s": 2000},
        {"duration_s": 3, "to_per_s": 2000},
        {"duration_s": 5, "to_per_s": 0},
    ],
}
SPIKE = {
    "shape": "spike",
    "lull_s": 3,
    "lull_per_s": 100,
    "peak_per_s": 5000,
    "half_life_s": 2.5,
    "decay_s": 13,
}


def constant_rate(_: float) -> float:
    return 500.0


def ramp_rate(t: float) -> float:
    return float(np.interp(t, [0, 4, 7, 12], [0, 2000, 2000, 0]))


def spike_rate(t: float) -> float:
    return 100.0 if t < 3 else 5000 * 0.5 ** ((t - 3) / 2.5)


POISSON = [
    pytest.param(CONSTANT, constant_rate, 20, id="constant"),
    pytest.param(RAMP, ramp_rate, 12, id="ramp"),
    pytest.param(SPIKE, spike_rate, 16, id="spike"),
]


def area(rate: Callable[[float], float], start_s: float, end_s: float) -> float:
    kinks = [t for t in (3, 4, 7) if start_s < t < end_s]
    value: float = integrate.quad(rate, start_s, end_s, points=kinks or None)[0]
    return value


@pytest.mark.parametrize(("shape", "rate", "duration_s"), POISSON)
def test_the_expected_number_is_the_area_below_the_rate(
    shape: dict[str, Any], rate: Callable[[float], float], duration_s: float
) -> None:
    arrivals = scenario(shape).arrivals
    assert arrivals.duration_s == duration_s
    assert arrivals.expected == pytest.approx(area(rate, 0, duration_s), rel=1e-9)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("shape", "rate", "duration_s"), POISSON)
def test_the_count_of_every_half_second_is_poisson(
    shape: dict[str, Any], rate: Callable[[float], float], duration_s: float, seed: int
) -> None:
    edges = np.arange(0, duration_s + 0.5, 0.5)
    counts, _ = np.histogram(generate(scenario(shape), seed).at_s, edges)
    for start_s, end_s, count in zip(edges, edges[1:], counts, strict=False):
        low, high = stats.poisson(area(rate, start_s, end_s)).interval(1 - FALSE_ALARM)
        assert low <= count <= high, f"{count} arrivals in {start_s}-{end_s} s"


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("shape", "rate", "duration_s"), POISSON)
def test_on_the_clock_of_the_area_below_the_rate_arrivals_are_uniform(
    shape: dict[str, Any], rate: Callable[[float], float], duration_s: float, seed: int
) -> None:
    at_s = generate(scenario(shape), seed).at_s
    grid = np.linspace(0, duration_s, 4001)
    areas = np.concatenate(([0], np.cumsum([area(rate, *ends) for ends in itertools.pairwise(grid)])))
    clock = np.interp(at_s, grid, areas) / areas[-1]
    assert stats.kstest(clock, "uniform").pvalue > FALSE_ALARM


def test_the_number_of_arrivals_varies_as_a_poisson_number_does() -> None:
    counts = [len(generate(scenario({**CONSTANT, "duration_s": 0.2}), seed)) for seed in range(400)]
    dispersion = np.var(counts, ddof=1) / 100 * 399
    low, high = stats.chi2(399).interval(1 - FALSE_ALARM)
    assert low < dispersion < high


def test_a_replay_has_exactly_its_counts_spread_over_each_second() -> None:
    counts = [0, 300, 0, 1000, 7]
    arrivals = generate(scenario({"shape": "replay", "file": "x.csv", "counts": counts}), 5)
    assert np.bincount(arrivals.at_s.astype(int), minlength=5).tolist() == counts
    within = arrivals.at_s[arrivals.at_s.astype(int) == 3] % 1
    assert stats.kstest(within, "uniform").pvalue > FALSE_ALARM


rates = st.floats(0, 200)
lengths = st.floats(0.01, 5)
shapes = st.one_of(
    st.fixed_dictionaries(
        {"shape": st.just("constant"), "per_s": st.floats(0.1, 200), "duration_s": lengths}
    ),
    st.fixed_dictionaries(
        {
            "shape": st.just("ramp"),
            "start_per_s": st.floats(0.1, 200),
            "stages": st.lists(
                st.fixed_dictionaries({"duration_s": lengths, "to_per_s": rates}), min_size=1, max_size=4
            ),
        }
    ),
    st.fixed_dictionaries(
        {
            "shape": st.just("spike"),
            "lull_s": st.one_of(st.just(0.0), lengths),
            "lull_per_s": rates,
            "peak_per_s": st.floats(0.1, 200),
            "half_life_s": st.floats(0.01, 5),
            "decay_s": lengths,
        }
    ),
    st.fixed_dictionaries(
        {
            "shape": st.just("replay"),
            "file": st.just("x.csv"),
            "counts": st.lists(st.integers(0, 50), min_size=1, max_size=5).filter(any),
        }
    ),
)
carts = st.fixed_dictionaries(
    {
        "lines": st.sampled_from([[1.0], [0.5, 0.5], [0, 0, 1.0], [0.2, 0.2, 0.2, 0.2, 0.2]]),
        "quantity": st.integers(1, 10),
    }
)
seeds = st.integers(0, 2**64 - 1)


def columns_of(crowd: Arrivals) -> list[np.ndarray[Any, Any]]:
    return [
        crowd.at_s,
        crowd.shopper,
        crowd.bot,
        crowd.cart_start,
        crowd.line_sku,
        crowd.line_quantity,
    ]


@given(shape=shapes, cart=carts, population=st.one_of(st.none(), st.integers(1, 20)), seed=seeds)
def test_every_crowd_is_well_formed(
    shape: dict[str, Any], cart: dict[str, Any], population: int | None, seed: int
) -> None:
    drop = scenario(shape, cart=cart, shoppers={"population": population})
    crowd = generate(drop, seed)
    n = len(crowd)
    assert (np.diff(crowd.at_s) >= 0).all()
    assert ((crowd.at_s >= 0) & (crowd.at_s <= drop.duration_s)).all()
    assert [column.dtype for column in columns_of(crowd)] == ["f8", "i4", "?", "i4", "i2", "i4"]
    assert len(crowd.shopper) == len(crowd.bot) == n
    assert len(crowd.cart_start) == n + 1
    assert crowd.cart_start[-1] == len(crowd.line_sku) == len(crowd.line_quantity)
    assert ((crowd.shopper >= 0) & (crowd.shopper < crowd.number_of_shoppers)).all()
    assert crowd.number_of_shoppers == (n if population is None else population)
    for arrival in range(n):
        skus = [sku for sku, _ in crowd.carts[arrival]]
        assert len(set(skus)) == len(skus)
        assert all(0 <= sku < 5 for sku in skus)
        assert drop.cart.lines[len(skus) - 1] > 0
        assert {quantity for _, quantity in crowd.carts[arrival]} == {drop.cart.quantity}


def arrays(crowd: Arrivals) -> list[list[Any]]:
    return [column.tolist() for column in columns_of(crowd)]


@given(shape=shapes, seed=seeds)
def test_the_same_seed_brings_the_same_crowd(shape: dict[str, Any], seed: int) -> None:
    drop = scenario(shape, cart={"lines": [0.5, 0.5]}, shoppers={"bots": {"share": 0.5}})
    assert arrays(generate(drop, seed)) == arrays(generate(drop, seed))


def test_another_seed_brings_another_crowd() -> None:
    drop = scenario(CONSTANT)
    assert generate(drop, 1).at_s[0] != generate(drop, 2).at_s[0]


def test_a_change_to_one_answer_leaves_the_others_as_they_were() -> None:
    plain = generate(scenario(CONSTANT, shoppers={"population": 50}), 9)
    bots = generate(scenario(CONSTANT, shoppers={"population": 50, "bots": {"share": 0.3}}), 9)
    people = generate(scenario(CONSTANT), 9)
    assert (plain.at_s == bots.at_s).all()
    assert (plain.shopper == bots.shopper).all()
    assert (plain.line_sku == bots.line_sku).all()
    assert (plain.at_s == people.at_s).all()
    assert (plain.line_sku == people.line_sku).all()


def test_without_a_population_every_arrival_is_a_new_person() -> None:
    crowd = generate(scenario(CONSTANT), 1)
    assert crowd.shopper.tolist() == list(range(len(crowd)))


def test_a_population_comes_in_equal_shares() -> None:
    crowd = generate(scenario(CONSTANT, shoppers={"population": 40}), 1)
    assert stats.chisquare(np.bincount(crowd.shopper, minlength=40)).pvalue > FALSE_ALARM


def test_bots_have_their_share() -> None:
    crowd = generate(scenario(CONSTANT, shoppers={"bots": {"share": 0.2}}), 1)
    low, high = stats.binom(len(crowd), 0.2).interval(1 - FALSE_ALARM)
    assert low <= crowd.bot.sum() <= high


def test_one_sku_is_wanted_in_proportion_to_its_popularity() -> None:
    crowd = generate(scenario(CONSTANT), 1)
    weights = np.arange(1, 6) / 15
    wanted = np.bincount(crowd.line_sku, minlength=5)
    assert stats.chisquare(wanted, weights * len(crowd)).pvalue > FALSE_ALARM


def test_two_skus_are_drawn_one_after_the_other_by_popularity() -> None:
    crowd = generate(scenario(CONSTANT, cart={"lines": [0, 1]}), 1)
    weights = np.arange(1, 6) / 15
    pairs = Counter((crowd.carts[i][0][0], crowd.carts[i][1][0]) for i in range(len(crowd)))
    expected = {
        (a, b): weights[a] * weights[b] / (1 - weights[a]) * len(crowd)
        for a, b in itertools.permutations(range(5), 2)
    }
    seen = [pairs[pair] for pair in expected]
    assert stats.chisquare(seen, list(expected.values())).pvalue > FALSE_ALARM


def test_carts_have_as_many_lines_as_their_chances_say() -> None:
    crowd = generate(scenario(CONSTANT, cart={"lines": [0.6, 0.3, 0.1]}), 1)
    sizes = np.bincount(np.diff(crowd.cart_start), minlength=4)[1:]
    assert stats.chisquare(sizes, np.array([0.6, 0.3, 0.1]) * len(crowd)).pvalue > FALSE_ALARM


def test_a_draw_of_many_skus_does_not_depend_on_how_it_is_split_up(monkeypatch: pytest.MonkeyPatch) -> None:
    drop = scenario(CONSTANT, cart={"lines": [0.5, 0.5]})
    at_once = generate(drop, 3)
    monkeypatch.setattr("scenarios.arrivals._CLOCKS_AT_ONCE", 7)
    assert arrays(generate(drop, 3)) == arrays(at_once)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_that_does_not_fit_is_refused(seed: int) -> None:
    with pytest.raises(ValueError, match=f"seed {seed}: expected a whole number from 0 to"):
        generate(scenario(CONSTANT), seed)


def test_the_hash_is_that_of_splitmix64() -> None:
    # the first outputs for seed 1234567, as published with the reference implementation in C
    state, outputs = 1234567, []
    for _ in range(5):
        state = (state + 0x9E3779B97F4A7C15) % 2**64
        outputs.append(mix64(state))
    assert outputs == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_a_keyed_number_belongs_to_its_key() -> None:
    assert chance(1, 2, 3) == chance(1, 2, 3)
    keys = itertools.product((0, 1, 2), repeat=3)
    assert len({chance(*key) for key in keys}) == 27


@given(st.lists(seeds, min_size=1, max_size=5))
def test_a_keyed_number_is_never_0_nor_1(key: list[int]) -> None:
    assert 0 < chance(*key) < 1


@pytest.mark.parametrize("place", range(4))
def test_keyed_numbers_are_uniform_whichever_part_of_the_key_counts_up(place: int) -> None:
    key = [1, 2, 3, 4]
    numbers = [chance(*key[:place], count, *key[place + 1 :]) for count in range(20_000)]
    assert stats.kstest(numbers, "uniform").pvalue > FALSE_ALARM
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 5 / np.sqrt(len(numbers))

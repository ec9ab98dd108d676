"""What is concluded from runs: knees, breaking points, sizes, tornados, bills, distributions."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from harness.errors import UnansweredError, UsageError
from harness.questions import prices
from harness.questions.asking import mean_of
from harness.questions.cost import bill
from harness.questions.drops import Wait, queue_of
from harness.questions.factors import FACTORS
from harness.questions.figures import FIGURES
from harness.questions.knees import breaking_point, knee
from harness.questions.measure_next import standard_error
from harness.questions.oversell import distribution, rule_of_three
from harness.questions.parameters import parameters, with_value
from harness.questions.sensitivity import changed, influences, plan, widest_first
from harness.questions.sizing import smallest
from reports.answers import oversell
from reports.answers import sizing as sizing_page
from reports.answers.shapes import Cell, Objective, Prices, Swing, System
from reports.experiment import StrategyUnderTest
from reports.metrics import measure
from scenarios.scenario import Scenario, ScenarioError, load
from simulator.profile import Interval
from tests.unit.profiles import small_machine
from tests.unit.shop_runs import play, rush

DROP = load("sneaker_drop")
CROWDS = [10.0 * 2**n for n in range(8)]


def test_the_knee_of_a_pace_that_is_capped_is_where_the_cap_is_reached() -> None:
    assert knee(CROWDS, [min(0.5 * crowd, 80.0) for crowd in CROWDS]) == pytest.approx(160)


def test_a_pace_that_grows_with_the_crowd_has_no_knee() -> None:
    assert knee(CROWDS, [0.5 * crowd for crowd in CROWDS]) is None


def test_an_objective_breaks_where_a_power_law_crosses_it() -> None:
    points = [(crowd, crowd**2, crowd**2 <= 5000) for crowd in CROWDS]

    assert breaking_point(points, 5000) == pytest.approx(math.sqrt(5000))


def test_an_objective_that_is_always_or_never_kept_breaks_nowhere() -> None:
    assert breaking_point([(crowd, crowd, True) for crowd in CROWDS], 1e9) is None
    assert breaking_point([(crowd, crowd, False) for crowd in CROWDS], 1.0) is None


def test_an_objective_that_breaks_for_want_of_answers_breaks_half_way() -> None:
    assert breaking_point([(100, 5.0, True), (400, 6.0, False)], 1000) == pytest.approx(200)


def test_an_objective_needs_an_answer_in_time_and_few_without_any() -> None:
    objective = Objective(p99_ms=100, of="both", unknown_share=0.01)

    assert objective.is_kept(100, 0.01)
    assert not objective.is_kept(101, 0)
    assert not objective.is_kept(1, 0.02)
    assert not objective.is_kept(None, 0)


def cell(cores: int, workers: int, pool_size: int, *, kept: bool) -> Cell:
    return Cell(
        cores=cores,
        workers=workers,
        pool_size=pool_size,
        wait_ms=1,
        unknown_share=0,
        kept=kept,
    )


def test_the_smallest_system_has_the_fewest_cores_then_workers_then_connections() -> None:
    best = cell(1, 2, 5, kept=True)

    assert (
        smallest([cell(1, 1, 2, kept=False), cell(2, 1, 2, kept=True), cell(1, 2, 10, kept=True), best])
        == best
    )
    assert smallest([cell(1, 1, 2, kept=False)]) is None


def test_a_tornado_has_its_widest_swing_on_top() -> None:
    def swing(factor: str, low: float, high: float) -> Swing:
        return Swing(
            factor=factor, unmeasured=False, low_setting="half", high_setting="twice", low=low, high=high
        )

    found = widest_first([swing("slope 1", -1, 1), swing("slope -3", 3, -3), swing("none", 0, 0)])

    assert [one.factor for one in found] == ["slope -3", "slope 1", "none"]


@pytest.mark.parametrize("method", ["morris", "sobol"])
def test_the_indices_of_a_linear_function_have_the_order_of_its_slopes(method: str) -> None:
    points = plan(method, seed=1, samples=64)  # type: ignore[arg-type]
    figures = points @ np.array([1.0, 8.0, 0.0, 3.0])

    found = influences(method, 1, points, figures)  # type: ignore[arg-type]

    names = [factor.name for factor in FACTORS]
    assert [one.factor for one in found] == [names[1], names[3], names[0], names[2]]
    assert found[0].effect == pytest.approx(8 if method == "morris" else 64 / 74, rel=0.15)
    assert found[-1].effect == pytest.approx(0)


def test_a_figure_that_nothing_moves_has_no_influences() -> None:
    points = plan("morris", seed=1, samples=4)

    assert {one.effect for one in influences("morris", 1, points, np.full(len(points), 7.0))} == {0}


def test_in_the_middle_of_all_factors_lies_the_scenario_as_it_is_but_for_its_bots() -> None:
    middle = changed(DROP, np.full(len(FACTORS), 0.5))

    assert middle.model_copy(update={"shoppers": DROP.shoppers, "arrivals": DROP.arrivals}) == DROP
    assert middle.arrivals.expected == pytest.approx(DROP.arrivals.expected)
    assert middle.shoppers.patience_s == pytest.approx(DROP.shoppers.patience_s)


def test_a_factor_changes_what_its_name_says() -> None:
    high = {factor.name: factor.changed(DROP, 1.0) for factor in FACTORS}

    assert high["height of the crowd"].arrivals.expected == pytest.approx(2 * DROP.arrivals.expected)
    assert [sku.units for sku in high["stock"].skus] == [2 * sku.units for sku in DROP.skus]
    assert high["patience"].shoppers.patience_s == 2 * DROP.shoppers.patience_s
    assert high["bots"].shoppers.bots.share == pytest.approx(0.3)


PRICES = Prices(currency="EUR", core_hour=3.6, database_core_hour=36, redis_gib_hour=360, redis_gib=2)
CORE_S = {"worker": 10.0, "consumer": 5.0, "database": 2.0, "redis": 7.0}


def test_a_bill_has_core_seconds_at_their_hourly_price_and_redis_by_its_memory() -> None:
    assert bill(CORE_S, PRICES, redis_s=0.5) == pytest.approx(
        {"application": 0.015, "database": 0.02, "redis": 0.1}
    )


def test_the_example_of_a_price_file_can_be_read_and_says_that_it_is_one() -> None:
    assert prices.load(prices.EXAMPLE).core_hour > 0
    assert "EXAMPLE" in prices.EXAMPLE.read_text()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("core_hours = 2", "core_hours: unknown key; did you mean 'core_hour'?"),
        ("redis_gib_hour = -1", "redis_gib_hour = -1: expected greater than or equal to 0"),
        ("core_hour =", "not valid TOML"),
    ],
)
def test_a_price_file_with_a_mistake_is_refused_by_the_name_of_its_key(
    tmp_path: Path, line: str, said: str
) -> None:
    file = tmp_path / "prices.toml"
    given = {"currency": '"EUR"', "core_hour": "1", "database_core_hour": "1", "redis_gib_hour": "1"}
    given.pop(line.split()[0], None)
    file.write_text("\n".join([*(f"{key} = {value}" for key, value in given.items()), line]))

    with pytest.raises(UsageError, match=r"prices\.toml") as refused:
        prices.load(file)

    assert said in str(refused.value)


CONTROL = StrategyUnderTest(name="no_lock", safe=False, ack="committed", redis="none", exact=True)
SAFE = StrategyUnderTest(name="redis_hold", safe=True, ack="committed", redis="stock", exact=True)


def test_oversell_is_a_distribution_and_that_of_a_control_which_oversold_none_has_a_bound() -> None:
    some, none = distribution(CONTROL, [*range(20, 0, -1)]), distribution(CONTROL, [0] * 60)

    assert (some.mean, some.p95, some.none_share, some.bound) == (10.5, 19, 0, None)
    assert some.oversold == tuple(range(1, 21))
    assert none.none_share == 1
    assert none.bound == pytest.approx(0.05)


def test_a_safe_strategy_oversells_none_by_construction_and_not_with_some_confidence() -> None:
    found = distribution(SAFE, [0] * 60)

    assert found.bound is None
    assert oversell.distribution(found).startswith("None by construction: ")


@pytest.mark.parametrize("n", [30, 100, 1000])
def test_the_rule_of_three_is_a_little_more_than_the_exact_bound(n: int) -> None:
    exact = 1 - 0.05 ** (1 / n)

    assert exact < rule_of_three(n) < 1.06 * exact


ORDERS = play(rush())
NO_ORDERS = play([])


def test_a_figure_that_some_runs_lack_is_no_0_in_a_mean() -> None:
    buyers = FIGURES["buyers-p99"]
    with_one, without = measure(ORDERS), measure(NO_ORDERS)

    assert mean_of([with_one, with_one], buyers, "no_lock") == with_one.latency_ms["bought"].p99
    with pytest.raises(UnansweredError, match="1 of 2 runs of no_lock have no p99 of the buyers' answers"):
        mean_of([with_one, without], buyers, "no_lock")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ""),
        ({"cores": 4}, "this number of cores was never measured"),
        ({"workers": 2, "pool_size": 5}, "this number of workers and of connections were never measured"),
    ],
)
def test_what_was_never_measured_of_a_system_is_told(changes: dict[str, int], told: str) -> None:
    calibrated = System(cores=1, workers=1, pool_size=10)

    assert sizing_page.unmeasured(calibrated.model_copy(update=changes), calibrated) == told


def test_there_is_a_queue_from_the_attempt_too_many_to_the_answer_that_leaves_as_many_as_connections() -> (
    None
):
    sent = np.array([0.0, 1.0, 2.0, 3.0, 9.0])
    done = np.array([4.0, 5.0, 6.0, 7.0, 10.0])

    assert queue_of(sent, done, more_than=2) == Wait(2.0, 5.0)
    assert queue_of(sent, done, more_than=4) is None


def test_parameters_lie_within_their_interval_or_else_within_a_tenth() -> None:
    plain = small_machine()
    path = "order.stages.place_order.database_ms"
    known = small_machine(intervals={"no_lock": {path: Interval(low=0.2, high=0.4)}})

    assert parameters(known, "no_lock", DROP)[f"strategies.no_lock.{path}"] == (0.25, 0.2, 0.4, True)
    assert parameters(plain, "no_lock", DROP)["wire_ms"] == pytest.approx((0.02, 0.018, 0.022, False))
    assert not any(one.value == 0 for one in parameters(plain, "no_lock", DROP).values())


def test_a_profile_with_another_value_differs_in_nothing_else() -> None:
    plain = small_machine()
    path = "strategies.no_lock.order.stages.place_order.database_ms"

    other = with_value(plain, path, 9.0)

    assert parameters(other, "no_lock", DROP)[path].value == 9
    assert with_value(other, path, parameters(plain, "no_lock", DROP)[path].value) == plain


def test_one_pair_of_runs_tells_nothing_of_chance() -> None:
    assert standard_error([5.0]) == 0
    assert standard_error([1.0, 3.0]) == pytest.approx(1)


def crowd_of(arrivals: dict[str, object]) -> Scenario:
    return Scenario.model_validate(DROP.model_dump() | {"arrivals": arrivals})


@pytest.mark.parametrize(
    "arrivals",
    [
        {"shape": "constant", "per_s": 10, "duration_s": 5},
        {"shape": "ramp", "start_per_s": 10, "stages": [{"duration_s": 5, "to_per_s": 20}]},
        {"shape": "spike", "lull_s": 1, "lull_per_s": 10, "peak_per_s": 50, "half_life_s": 1, "decay_s": 5},
        {"shape": "replay", "file": "counts.csv", "counts": [10, 0, 30]},
    ],
)
def test_a_crowd_three_times_as_large_comes_in_the_same_time(arrivals: dict[str, object]) -> None:
    once = crowd_of(arrivals)

    thrice = once.crowded(3)

    assert thrice.arrivals.expected == pytest.approx(3 * once.arrivals.expected)
    assert thrice.duration_s == once.duration_s
    assert thrice.skus == once.skus


def test_more_shoppers_come_of_more_people() -> None:
    assert load("limited_drop").crowded(0.5).shoppers.population == 5_000


@pytest.mark.parametrize("times", [0, -1, math.inf, 1e6])
def test_a_crowd_that_cannot_come_is_refused(times: float) -> None:
    with pytest.raises(ScenarioError, match="expected"):
        DROP.crowded(times)

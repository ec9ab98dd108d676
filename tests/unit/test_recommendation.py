"""Places and recommendations: spoken where the repeats tell strategies apart, else withheld."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from reports.metrics import aggregate, interval, measure
from reports.ranking import Contest, contests, rests_on_enough
from reports.recommendation import recommendation
from reports.shapes import Aggregate, BusiestStretch
from reports.summary import StrategySummary
from reports.telling_apart import LEVEL
from scenarios.scenario import Scenario
from tests.unit.run_folders import SAFE, SOUND, judged
from tests.unit.shop_runs import SCENARIO

DRAWS = 400
ENTRY = judged().strategies[1]
RUNS = ENTRY.figures


def runs_of(p99_ms: Sequence[float], *, misfit: float = 0.0) -> Aggregate:
    """Runs in which 99 of 100 waited so long, of all who asked and of buyers."""
    waits = RUNS.latency_ms["order"].model_copy(update={"p99": float(np.mean(p99_ms))})
    by_run = dict.fromkeys(("latency_ms.order.p99", "latency_ms.bought.p99"), tuple(p99_ms))
    latencies = {"order": waits, "bought": waits}
    intervals = {path: interval(values, misfit) for path, values in by_run.items()}
    return RUNS.model_copy(
        update={"latency_ms": latencies, "by_run": by_run, "intervals": intervals, "runs": len(p99_ms)}
    )


def entry(name: str, p99_ms: Sequence[float], **changes: object) -> StrategySummary:
    measured = {"measured": runs_of(p99_ms), "predicted": None}
    return ENTRY.model_copy(update={"name": name} | measured | changes)


def contest(
    waits: Mapping[str, Sequence[float]], *others: StrategySummary, scenario: Scenario = SCENARIO
) -> Contest:
    found = contests([*(entry(name, ms) for name, ms in waits.items()), *others], scenario)
    return found[0]


def places(of: Contest) -> dict[str, int | None]:
    return {place.strategy.name: place.rank for place in of.places}


def drawn(medians_ms: Mapping[str, float], *, seed: int) -> list[Contest]:
    """A load test with two repeats, many times over; repeats spread by 15 %."""
    random = np.random.default_rng(seed)
    factors = np.exp(0.15 * random.standard_normal((DRAWS, len(medians_ms), 2)))
    waits = factors * np.array(list(medians_ms.values()))[:, None]
    return [contest(dict(zip(medians_ms, run.tolist(), strict=True))) for run in waits]


def test_one_far_ahead_is_recommended_by_two_repeats_in_practically_every_run() -> None:
    runs = drawn({"redis_fenced_lock": 8000, "micro_batch": 900, "others": 7000}, seed=1)
    said = [recommendation(one) for one in runs]
    assert sum(text.startswith("Recommended: micro_batch:") for text in said) / DRAWS > 0.97
    assert not any("Recommended: redis" in text or "Recommended: others" in text for text in said)


@pytest.mark.parametrize("several", [2, 5])
def test_one_of_equals_is_recommended_at_most_as_often_as_stated(several: int) -> None:
    said = [recommendation(one) for one in drawn({f"equal_{n}": 1000 for n in range(several)}, seed=2)]
    wrong = sum(text.startswith("Recommended") for text in said)
    assert wrong / DRAWS <= LEVEL + 4 * np.sqrt(LEVEL * (1 - LEVEL) / DRAWS)


def test_a_recommendation_has_the_figures_of_both_and_the_repeats() -> None:
    found = contest({"slow": [8000, 8200], "quick": [900, 910]})
    assert places(found) == {"quick": 1, "slow": 2}
    assert recommendation(found) == (
        "Recommended: quick: 99 of 100 attempts to order took at most 0.91 s; slow, the next, 8.10 s; "
        "told apart by 2 repeats."
    )


def test_those_that_cannot_be_told_apart_share_a_place_and_it_says_how_many_repeats_would_do() -> None:
    found = contest({"a": [1000, 1300], "b": [1100, 1500], "far": [9500, 9800]})
    assert places(found) == {"a": 1, "b": 1, "far": 3}
    assert recommendation(found) == (
        "No recommendation: a and b cannot be told apart, at 2 repeats: 99 of 100 attempts to order took at "
        "most 1.15 s (a) and 1.30 s (b); about 24 would tell these two apart, if they differ by as much as "
        "it looks."
    )


def test_of_three_the_middle_one_shares_the_first_place_though_the_last_does_not() -> None:
    found = contest({"a": [1000, 1100], "b": [1250, 1350], "c": [1600, 1700], "d": [1000, 1100]})
    assert places(found) == {"a": 1, "d": 1, "b": 1, "c": 3}


def test_equal_ones_are_not_promised_to_be_told_apart() -> None:
    found = contest({"a": [1000, 1300], "b": [1300, 1000]})
    assert recommendation(found).endswith("nor would 100 tell these two apart.")


def test_one_repeat_tells_nothing_apart() -> None:
    found = contest({"quick": [100], "slow": [9000]})
    assert places(found) == {"quick": None, "slow": None}
    assert "nothing can be told apart at 1 repeat, which shows no spread" in recommendation(found)
    assert "--repeats 2" in recommendation(found)


def test_where_shoppers_gave_up_the_repeats_of_their_patience_show_no_spread() -> None:
    waiting = contest({"a": [10_000, 10_001], "b": [10_002, 10_003]})
    assert "in every run shoppers gave up" in recommendation(waiting)
    mixed = contest({"a": [900, 1100], "given_up": [10_000, 10_001]})
    assert mixed.spread
    assert mixed.spread.freedom == 1


def test_controls_and_what_failed_or_is_invalid_have_no_place_and_are_not_recommended() -> None:
    invalid = ENTRY.validity.model_copy(update={"verdict": "invalid"})
    failed = ENTRY.audit.model_copy(update={"verdict": "fail"})
    found = contest(
        {"a": [2000, 2100], "b": [9000, 9100]},
        entry("control", [1.0, 1.1], safe=False),
        entry("late", [1.0, 1.1], validity=invalid),
        entry("wrong", [1.0, 1.1], audit=failed),
    )
    assert places(found) == {"a": 1, "b": 2, "late": None, "wrong": None, "control": None}
    assert recommendation(found).startswith("Recommended: a:")


def foretold(misfit: float) -> str:
    of_the_model = [
        entry(name, waits, measured=None, predicted=runs_of(waits, misfit=misfit))
        for name, waits in {"a": [1000.0, 1100.0], "b": [2000.0, 2100.0]}.items()
    ]
    return recommendation(contests(of_the_model, SCENARIO)[0])


def test_where_nothing_was_measured_the_sentence_is_the_models() -> None:
    said = foretold(misfit=0.1)
    assert said.startswith(
        "The model favours a: 99 of 100 attempts to order took at most 1.05 s; b, the next, 2.05 s;"
    )
    assert said.endswith("A load test shows whether it is so.")


def test_the_model_favours_nobody_whose_lead_is_within_its_misfit() -> None:
    said = foretold(misfit=0.5)
    assert said.startswith("No recommendation: a and b cannot be told apart, at 2 replications of the model:")
    assert said.endswith("the intervals of the model, which hold its misfit, meet.")


def test_where_the_stock_lasts_the_waits_of_buyers_count() -> None:
    lasting = SCENARIO.model_copy(update={"sells_out": False})
    found = contest({"a": [100, 110], "b": [900, 950]}, scenario=lasting)
    assert found.criterion.path == "latency_ms.bought.p99"
    assert "99 of 100 orders taken took at most 105 ms; b, the next, 925 ms" in recommendation(found)


def test_orders_a_second_are_held_against_a_bound_only_where_enough_stands_behind_them() -> None:
    bound = {"metric": "measured.orders_per_s", "min": 1_000_000}
    (skipped,) = (one for one in judged(bound).thresholds if not one.fixed)
    assert skipped.status == "skipped"
    assert skipped.message == (
        f"orders_per_s of {SAFE} rests on 2 orders in 0.003 s; expected at least 1,000 in 2 s, in every "
        "run; bound latency_ms.order.p99 instead"
    )


@pytest.mark.parametrize(
    ("length_s", "orders", "enough"), [(2, 1000, True), (1.9, 5000, False), (9, 999, False)]
)
def test_orders_a_second_need_two_seconds_and_a_thousand_orders_in_every_run(
    length_s: float, orders: int, enough: bool
) -> None:
    long = measure(SOUND).model_copy(update={"busiest_stretch": BusiestStretch(length_s=9, orders=9000)})
    other = long.model_copy(update={"busiest_stretch": BusiestStretch(length_s=length_s, orders=orders)})
    assert rests_on_enough(aggregate([long, other])) is enough

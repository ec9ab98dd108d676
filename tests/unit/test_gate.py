"""The gate: what fails, what cannot be judged, what is refused; the exit code that follows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reports import baseline
from reports.assembly import assemble
from reports.findings import Runs, examine
from reports.summary import Summary
from reports.thresholds import ThresholdsError
from scenarios.history import Outcome
from tests.unit.run_folders import (
    CONTROL,
    SAFE,
    SOUND,
    UNGUARDED,
    experiment,
    judged,
    oversold,
    strategy,
    threshold,
    too_late,
)
from tests.unit.shop_runs import SCENARIO, Request, conditions, play, rush, with_wallet

TAME = play([Request(1, {"shoe-270": 1}, 0.0, 0.1, 0.2)])


def status(summary: Summary, metric: str, strategy: str | None = SAFE) -> str:
    return next(one.status for one in summary.thresholds if (one.metric, one.strategy) == (metric, strategy))


def message(summary: Summary, metric: str, strategy: str | None = SAFE) -> str:
    return next(one.message for one in summary.thresholds if (one.metric, one.strategy) == (metric, strategy))


def test_a_run_in_which_only_the_control_oversells_passes() -> None:
    summary = judged()
    assert (summary.verdict, summary.exit_code, summary.reasons) == ("pass", 0, ())
    assert {one.status for one in summary.thresholds} == {"pass"}


def test_a_safe_strategy_that_oversells_fails_the_run() -> None:
    summary = judged(safe=UNGUARDED)
    assert (summary.verdict, summary.exit_code) == ("fail", 1)
    assert status(summary, "measured.units.oversold") == status(summary, "audit") == "fail"
    assert any(SAFE in reason and "1 units oversold" in reason for reason in summary.reasons)


def test_units_oversold_count_even_when_the_generator_was_late() -> None:
    assert judged(safe=too_late(UNGUARDED)).exit_code == 1


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"lateness_p99_ms": 900.0, "cpu_share": 0.99}, "p99 900 ms, at most 50 ms are allowed"),
        ({"dropped": 2, "sent": 8}, "2 of 10 journeys that were due were not begun"),
        ({"sent": 9}, "the history has 10 journeys, but 9 were begun"),
    ],
)
def test_a_run_whose_schedule_was_not_kept_is_invalid(changes: dict[str, Any], why: str) -> None:
    late = replace(play(rush()), conditions=conditions(**changes))
    summary = judged({"max": 0}, safe=late)
    assert (summary.verdict, summary.exit_code) == ("invalid", 3)
    assert why in message(summary, "validity")
    assert any(why in reason for reason in summary.reasons)
    assert status(summary, "measured.peak_in_system") == "unknown"


def test_a_run_that_was_measured_in_place_of_a_late_one_is_valid_and_says_so() -> None:
    again = conditions().model_copy(update={"instead_of": ("the generator was late",)})
    summary = judged(safe=replace(play(rush()), conditions=again))
    assert (summary.verdict, summary.exit_code) == ("pass", 0)
    [safe] = [strategy for strategy in summary.strategies if strategy.name == SAFE]
    assert safe.validity.measured_again == ("repeat 0: the generator was late",)


def test_a_control_that_behaves_makes_the_comparison_unknown() -> None:
    summary = judged(control=play(rush()))
    assert (summary.verdict, summary.exit_code, summary.control.verdict) == ("unknown", 3, "unknown")
    assert status(summary, "control", None) == "unknown"


def test_a_run_without_a_control_proves_nothing() -> None:
    summary = judged(control=None)
    assert (summary.verdict, summary.exit_code) == ("unknown", 3)
    assert "no control took part" in summary.control.why


def test_a_safe_strategy_that_never_came_near_the_danger_is_unknown() -> None:
    summary = judged(safe=TAME)
    assert (summary.verdict, summary.exit_code) == ("unknown", 3)
    assert "never fought for" in message(summary, "audit")


def test_a_run_is_not_expected_to_sell_out_where_stock_is_meant_to_last() -> None:
    summary = judged(control=TAME, safe=TAME, sells_out=False)
    assert (summary.verdict, summary.exit_code) == ("pass", 0)
    assert summary.strategies[1].audit.verdict == "unknown"
    assert status(summary, "audit") == status(summary, "control", None) == "skipped"
    assert "meant to last" in " ".join(summary.headline)


def test_stock_that_is_meant_to_last_excuses_no_broken_invariant() -> None:
    assert judged(safe=UNGUARDED, sells_out=False).exit_code == 1


def test_a_run_in_which_nobody_bought_is_unknown_even_where_stock_is_meant_to_last() -> None:
    nothing = play([Request(1, {"shoe-270": 1}, 0.0, 0.1, 0.2, lost=True, turned_away=Outcome.REJECTED)])
    summary = judged(safe=nothing, sells_out=False)
    assert (summary.verdict, summary.exit_code) == ("unknown", 3)


def test_a_control_may_break_stock_and_nothing_else() -> None:
    summary = judged(control=with_wallet(oversold(), 0, balance_won=10_000))
    assert summary.exit_code == 1
    assert status(summary, "audit of orders, money and keys", CONTROL) == "fail"


def test_a_simulated_run_is_judged_by_its_prediction() -> None:
    assert judged(predicted=True).exit_code == 0
    summary = judged({"min": 1}, predicted=True, safe=UNGUARDED)
    assert summary.exit_code == 1
    assert status(summary, "predicted.units.oversold") == "fail"
    assert status(summary, "measured.peak_in_system") == "skipped"


@pytest.mark.parametrize(
    ("bound", "expected"),
    [
        ({"max": 15}, "pass"),
        ({"max": 14}, "fail"),
        ({"min": 15}, "pass"),
        ({"min": 16}, "fail"),
    ],
)
def test_a_figure_is_held_against_its_bound(bound: dict[str, float], expected: str) -> None:
    path = "measured.latency_ms.bought.max"
    summary = judged({"metric": path, **bound}, safe=play([Request(1, {"shoe-270": 3}, 0, 0.01, 0.015)]))
    assert status(summary, path) == expected


def test_a_failed_threshold_fails_the_run_and_says_what_was_found_and_why() -> None:
    summary = judged({"metric": "measured.latency_ms.bought.p99", "max": 1, "reason": "Nobody waits."})
    assert (summary.verdict, summary.exit_code) == ("fail", 1)
    assert summary.reasons == (f"{SAFE}: measured.latency_ms.bought.p99: 15; expected at most 1",)


def test_a_ratio_is_taken_to_another_strategy_of_the_run() -> None:
    slow = play([replace(request, done_s=request.done_s + 0.1) for request in rush()])
    bound = {"metric": "measured.latency_ms.bought.max", "to": CONTROL, "strategies": ["all"]}
    summary = judged({"max_ratio": 3.9, **bound}, safe=slow)
    assert status(summary, "measured.latency_ms.bought.max") == "fail"
    assert message(summary, "measured.latency_ms.bought.max").startswith(f"5.75 times {CONTROL};")
    assert judged({"max_ratio": 6, **bound}, safe=slow).exit_code == 0
    assert judged({"min_ratio": 6, **bound}, safe=slow).exit_code == 1


def test_a_ratio_to_a_strategy_that_did_not_run_is_skipped() -> None:
    summary = judged({"max_ratio": 2, "to": "redis_hold"})
    assert status(summary, "measured.peak_in_system") == "skipped"
    assert summary.exit_code == 0


def test_a_ratio_to_nothing_is_unknown() -> None:
    summary = judged({"metric": "measured.retries_by.strategy", "max_ratio": 2, "to": CONTROL})
    assert status(summary, "measured.retries_by.strategy") == "unknown"


def test_a_figure_that_did_not_occur_cannot_be_judged() -> None:
    summary = judged({"metric": "measured.latency_ms.queued.p99", "max": 1})
    assert status(summary, "measured.latency_ms.queued.p99") == "unknown"
    assert summary.exit_code == 3


@pytest.mark.parametrize(
    ("group", "meant"),
    [
        ("all", {"plain", "bucketed", "queue", "control"}),
        ("safe", {"plain", "bucketed", "queue"}),
        ("controls", {"control"}),
        ("exact", {"plain", "queue"}),
        ("redis", {"queue", "control"}),
        ("committed", {"plain", "bucketed", "control"}),
        ("queued", {"queue"}),
    ],
)
def test_a_threshold_may_name_a_group(group: str, meant: set[str]) -> None:
    strategies = [
        strategy("plain"),
        strategy("bucketed", exact=False),
        strategy("queue", ack="queued", redis="stock"),
        strategy("control", safe=False, redis="lock"),
    ]
    plan = experiment(strategies=strategies, replications=0)
    runs = {one.name: Runs([examine(SOUND, SCENARIO, exact=one.exact)], []) for one in plan.strategies}
    summary = assemble(plan, runs, [threshold(strategies=[group], min=0)])
    assert {one.strategy for one in summary.thresholds if not one.fixed} == meant


def test_a_threshold_of_another_scenario_is_left_out() -> None:
    summary = judged({"max": 0, "scenarios": ["another"]})
    assert all(one.fixed for one in summary.thresholds)


def test_a_threshold_of_a_strategy_that_did_not_run_is_skipped() -> None:
    summary = judged({"max": 0, "strategies": ["redis_hold"]})
    assert status(summary, "measured.peak_in_system", "redis_hold") == "skipped"


def test_a_metric_that_does_not_exist_is_refused_with_the_nearest() -> None:
    with pytest.raises(ThresholdsError, match=r"order_per_s' is not in .* mean 'measured\.orders_per_s'"):
        judged({"metric": "measured.order_per_s", "max": 1})


def test_a_baseline_holds_a_run_to_the_ratios_of_an_earlier_one(tmp_path: Path) -> None:
    path = "measured.latency_ms.bought.max"
    kept = tmp_path / "baseline.json"
    baseline.take(judged(), reference=CONTROL).save(kept)
    bound = threshold(metric=path, max_ratio=1.2, baseline=kept)
    assert judged(bound).exit_code == 0
    both_slower = [replace(request, done_s=request.done_s + 0.05) for request in rush()]
    only_safe = judged(bound, safe=play(both_slower))
    assert status(only_safe, path) == "fail"


def test_a_baseline_of_another_scenario_or_without_the_figure_is_refused(tmp_path: Path) -> None:
    taken = baseline.take(judged(), reference=CONTROL)
    other, less = tmp_path / "other.json", tmp_path / "less.json"
    taken.model_copy(update={"scenario": "another"}).save(other)
    taken.model_copy(update={"ratios": {}}).save(less)
    with pytest.raises(ThresholdsError, match="is of 'another', this run is of 'two_sizes'"):
        judged({"max_ratio": 1.2, "baseline": other})
    with pytest.raises(ThresholdsError, match=f"no measured.peak_in_system of {SAFE}"):
        judged({"max_ratio": 1.2, "baseline": less})
    with pytest.raises(ThresholdsError, match="cannot be read"):
        judged({"max_ratio": 1.2, "baseline": tmp_path / "none.json"})


def test_a_baseline_needs_a_reference_that_was_measured() -> None:
    with pytest.raises(ThresholdsError, match="did you mean 'no_lock'"):
        baseline.take(judged(), reference="no_luck")

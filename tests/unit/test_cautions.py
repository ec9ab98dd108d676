"""Where a prediction goes beyond what was calibrated, it says so; and how good the fit is."""

from __future__ import annotations

from typing import Any

import pytest

from scenarios.scenario import Cart, load
from simulator.cautions import cautions, fit_check, pace_in_closed_loop
from simulator.profile import ClosedRun, Fit
from tests.unit.profiles import small_machine

PROFILE = small_machine()
DROP = load("sneaker_drop")
HERE: dict[str, Any] = {
    "workers": PROFILE.workers,
    "pool_size": PROFILE.pool_size,
    "machine": PROFILE.machine,
    "versions": PROFILE.versions,
}


def test_where_everything_is_as_it_was_calibrated_nothing_is_said() -> None:
    assert cautions(PROFILE, DROP, **HERE) == ()


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"machine": {"cpu": "Another CPU"}}, "cpu = "),
        ({"versions": {"asyncpg": "99"}}, "asyncpg none (here 99)"),
        ({"pool_size": 3}, f"pool_size = {PROFILE.pool_size}; this is foreseen for 3"),
        ({"workers": 4}, f"workers = {PROFILE.workers}; this is foreseen for 4"),
    ],
)
def test_another_machine_or_version_or_setting_is_named(other: dict[str, object], said: str) -> None:
    assert any(said in caution for caution in cautions(PROFILE, DROP, **(HERE | other)))


def test_a_crowd_that_no_generator_sends_was_not_held_against_a_run() -> None:
    [caution] = cautions(PROFILE, DROP.crowded(50), **HERE)

    assert "shoppers a second on average; the model has been held to runs of up to 5,000" in caution


def test_carts_of_several_lines_were_not_calibrated() -> None:
    carts = DROP.model_copy(update={"cart": Cart(lines=(0.5, 0.5, 0.0))})

    assert cautions(PROFILE, carts, **HERE) == (
        "calibrated with orders of one line; carts here have up to 2",
    )


def test_parameters_whose_fit_ended_on_a_bound_are_named_with_their_strategies() -> None:
    ended = PROFILE.model_copy(
        update={
            "on_bounds": {
                "redis_lock": {"in_company.redis": 0.25, "cold_ms": 0.0},
                "snapshot": {"cold_ms": 0.0},
            }
        }
    )

    assert cautions(ended, DROP, **HERE) == (
        "fits that ended on a bound of what a parameter can be: in_company.redis = 0.25 (redis_lock); "
        "cold_ms = 0 (redis_lock, snapshot)",
    )


def fit(observed_per_s: float, modelled_per_s: float) -> Fit:
    def run(per_s: float) -> ClosedRun:
        return ClosedRun(per_s=per_s, p50_ms=9, p99_ms=9)

    return Fit(runs=1, observed=run(observed_per_s), modelled=run(modelled_per_s))


FITS = {
    "no_lock": {"saturated": fit(1, 2), "crowded": fit(1, 9)},
    "snapshot": {"saturated": fit(2, 1), "crowded": fit(9, 1)},
    "serializable": {"saturated": fit(100, 104)},
    "unit_rows": {"crowded": fit(9, 1)},
}


def test_the_pace_of_clients_in_a_closed_loop_is_held_against_what_was_measured() -> None:
    assert pace_in_closed_loop(FITS) == {"no_lock": 2, "snapshot": 0.5, "serializable": 1.04}


def test_the_check_of_the_fit_tells_the_range_and_the_median() -> None:
    assert fit_check(FITS) == (
        "In the closed loop, to which it was not fitted, the model takes 0.50 to 2.00 times (median 1.04) as "
        "many orders a second as were measured."
    )


def test_of_one_strategy_the_check_of_the_fit_tells_one_figure() -> None:
    assert "the model takes 2.00 times as many orders" in str(fit_check({"no_lock": FITS["no_lock"]}))


def test_without_a_closed_loop_there_is_no_check_of_the_fit() -> None:
    assert fit_check({"unit_rows": FITS["unit_rows"]}) is None

"""The verdict of a check: the calibration holds, holds when scaled, or does not."""

from __future__ import annotations

import math
from statistics import fmean

import pytest
from scipy.stats import t

from harness.calibrations.check import verdict
from harness.errors import UncalibratedError
from simulator.observation import Cpu, Observation, Timing
from tests.calibrated import ORDERS_PER_S, calibrated

SPREAD = 0.05
PROFILE = calibrated("no_lock", "redis_hold", rounds=3, speed_spread=SPREAD)
_TIMING = Timing(count=1, mean=1, p50=1, p95=1, p99=1, max=1)


def seen(strategy: str, pace: float, processor: float = 1.0) -> Observation:
    """A run with so many times the calibrated orders a second, on a processor so many times as fast."""
    orders = round(pace * ORDERS_PER_S * 10)
    return Observation(
        kind="saturated",
        strategy=strategy,
        clients=64,
        workers=1,
        pool_size=10,
        system_cores=1,
        duration_s=10.0,
        answered=orders,
        bought=orders,
        latency_ms=_TIMING,
        spans_ms={},
        cpu_s=Cpu(worker=1.0, database=1.0, redis=0.0),
        machine_speeds=(PROFILE.speed * processor,) * 10,
    )


def allowed() -> float:
    """By what factor the mean of two runs may differ from the calibration's three, at 95 %."""
    freedom = 2 * (3 - 1)
    of_one_run = SPREAD / math.sqrt(1 + 1 / 3)
    return math.exp(float(t.ppf(0.975, freedom)) * of_one_run * math.sqrt(1 / 2 + 1 / 3))


def test_a_calibration_holds_within_what_its_own_repeats_differ_by() -> None:
    for factor in (0.99 * allowed(), 1.01 / allowed()):
        found = verdict(PROFILE, [seen("no_lock", factor), seen("redis_hold", factor)])

        assert (found.name, found.scale) == ("holds", 1.0)
        assert found.applied_to(PROFILE) is PROFILE
        assert found.sentence == (
            f"it holds: no_lock {factor:.2f} and redis_hold {factor:.2f} times the calibrated orders/s, the "
            f"processor 1.00 times as fast; its own repeats allow {1 / allowed():.2f} to {allowed():.2f}"
        )


def test_a_machine_that_is_slower_as_a_whole_is_a_scaled_one() -> None:
    found = verdict(PROFILE, [seen("no_lock", 0.76, 0.8), seen("redis_hold", 0.79, 0.78)])

    assert found.name == "holds when scaled"
    assert found.scale == pytest.approx(math.sqrt(0.76 * 0.79), rel=1e-3)
    assert found.sentence.startswith("it holds when scaled by 0.77: no_lock 0.76 and redis_hold 0.79 times")
    scaled = found.applied_to(PROFILE)
    assert fmean(scaled.speeds) == pytest.approx(found.scale * fmean(PROFILE.speeds))
    assert scaled.strategies == PROFILE.strategies


def test_a_scaled_profile_is_checked_as_it_is_now() -> None:
    slower = [seen("no_lock", 0.77, 0.77), seen("redis_hold", 0.77, 0.77)]
    scaled = verdict(PROFILE, slower).applied_to(PROFILE)

    assert verdict(scaled, slower).name == "holds"
    again = verdict(scaled, [seen("no_lock", 1.0), seen("redis_hold", 1.0)])
    assert fmean(again.applied_to(scaled).speeds) == pytest.approx(1.0)


def test_strategies_that_need_different_factors_need_a_new_calibration() -> None:
    found = verdict(PROFILE, [seen("no_lock", 1.25), seen("redis_hold", 0.8)])

    assert found.name == "does not hold"
    assert found.sentence.endswith("; no one factor makes up for that")


def test_what_the_processor_explains_is_no_difference_between_strategies() -> None:
    found = verdict(PROFILE, [seen("no_lock", 1.2, 1.2), seen("redis_hold", 0.8, 0.8)])

    assert found.name == "holds"


def test_a_machine_that_the_calibration_never_saw_needs_a_new_one() -> None:
    found = verdict(PROFILE, [seen("no_lock", 0.5, 0.5), seen("redis_hold", 0.5, 0.5)])

    assert found.name == "does not hold"
    assert found.sentence.endswith("; the calibration saw 0.70 to 1.30 times its mean speed")


def test_a_processor_that_varies_for_long_allows_more() -> None:
    spells = calibrated(
        "no_lock", "redis_hold", rounds=3, speed_spread=SPREAD, speeds=((0.7,) * 100 + (1.3,) * 100) * 2
    )
    slower = [seen("no_lock", 0.76), seen("redis_hold", 0.76)]

    assert verdict(PROFILE, slower).name == "holds when scaled"
    assert verdict(spells, slower).name == "holds"


def test_a_calibration_of_one_strategy_is_checked_by_it_alone() -> None:
    profile = calibrated("no_lock", rounds=3, speed_spread=SPREAD)

    assert verdict(profile, [seen("no_lock", 1.0)]).name == "holds"
    assert verdict(profile, [seen("no_lock", 0.5)]).name == "does not hold"


def test_a_calibration_of_one_round_tells_nothing_by_which_to_check_it() -> None:
    with pytest.raises(UncalibratedError, match="nothing says how far apart repeated runs are; expected two"):
        verdict(calibrated("no_lock", rounds=1), [seen("no_lock", 1.0)])
    with pytest.raises(UncalibratedError, match="nothing says how far apart repeated runs are; expected two"):
        verdict(calibrated("no_lock", "redis_hold", fits={}), [seen("no_lock", 1.0)])

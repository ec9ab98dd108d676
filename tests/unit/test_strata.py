"""Strata of replications: their centre is the calibrated pace, whatever their number."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.circumstances import speed_of, speeds_of
from simulator.strata import CENTRE, strata
from tests.unit.profiles import small_machine

SPREAD_OUT = small_machine(speed_spread=0.43)


def log_paces(count: int, seed: int = 1, first: int = 0) -> list[float]:
    return [math.log(speed_of(SPREAD_OUT, one)) for one in strata(count, seed, first)]


@pytest.mark.parametrize("count", [1, 2, 6, 40])
def test_the_mean_log_pace_of_replications_is_none(count: int) -> None:
    assert np.mean(log_paces(count)) == pytest.approx(0, abs=1e-12)


def test_a_single_run_is_at_the_calibrated_pace_exactly() -> None:
    assert strata(1, seed=7) == (CENTRE,)
    assert speed_of(SPREAD_OUT, CENTRE) == 1.0


def test_many_paces_spread_as_the_profile_says() -> None:
    assert np.std(log_paces(1_000)) == pytest.approx(0.43, rel=0.01)


def test_a_seed_orders_the_strata_and_changes_none_of_them() -> None:
    one, other = strata(39, seed=1), strata(39, seed=2)

    assert one != other
    for quantile in ("pace", "moment"):
        of_one, of_other = (sorted(getattr(stratum, quantile) for stratum in found) for found in (one, other))
        assert of_one == of_other == [(k + 0.5) / 39 for k in range(39)]


@pytest.mark.parametrize("quantile", ["pace", "moment"])
def test_the_pace_goes_neither_with_the_number_of_a_replication_nor_with_its_moment(quantile: str) -> None:
    found = strata(1_000, seed=1)

    beside = range(1_000) if quantile == "pace" else [one.pace for one in found]

    assert abs(np.corrcoef(beside, [getattr(one, quantile) for one in found])[0, 1]) < 0.1


def test_batches_are_each_about_the_centre_and_so_are_they_together() -> None:
    batches = [log_paces(count, first=first) for first, count in ((0, 10), (10, 7), (17, 1))]

    for batch in batches:
        assert np.mean(batch) == pytest.approx(0, abs=1e-12)


def test_the_trace_is_played_from_a_moment_that_is_as_fast_as_its_stratum_says() -> None:
    profile = small_machine(speeds=tuple(np.random.default_rng(1).lognormal(0, 0.3, 600).tolist()))

    def mean_of_two_seconds(moment: float) -> float:
        return float(np.mean(speeds_of(profile, CENTRE._replace(moment=moment), 2.0)[:20]))

    means = [mean_of_two_seconds((k + 0.5) / 60) for k in range(60)]

    assert means == sorted(means)
    assert np.mean(means) == pytest.approx(np.mean(profile.speeds), rel=0.01)
    assert set(speeds_of(profile, CENTRE, 2.0)) == set(profile.speeds)


def test_a_run_that_outlasts_the_trace_plays_all_of_it() -> None:
    assert sorted(speeds_of(small_machine(speeds=(0.9, 1.2, 1.0)), CENTRE, 60.0)) == [0.9, 1.0, 1.2]

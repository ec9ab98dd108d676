"""Means over runs, and how much the interval beside them covers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from reports.metrics import aggregate, coverage, interval, measure
from reports.shapes import leaves
from tests.unit.shop_runs import Request, play, rush, with_row


def test_means_over_runs_have_an_interval_beside_them() -> None:
    oversold = [with_row(play(rush()), "stock", 0, initial=units) for units in (3, 2, 1)]
    figures = aggregate([measure(run) for run in oversold])
    assert figures.runs == 3
    assert figures.units.oversold == 1
    assert figures.intervals["units.oversold"].model_dump() == {"low": 0, "high": 2}
    assert set(figures.intervals) == {
        path for path, value in leaves(measure(oversold[0]).model_dump()) if isinstance(value, int | float)
    }


def test_a_latency_that_only_some_runs_have_is_the_mean_of_those() -> None:
    without = play([Request(1, {"shoe-270": 1}, 0.0, 0.1, 0.2)])
    with_refusals = measure(play(rush()))
    found = aggregate([with_refusals, measure(without)]).latency_ms["sold_out"].model_dump()
    assert found == pytest.approx(with_refusals.latency_ms["sold_out"].model_dump())


def test_whole_numbers_stay_whole_where_the_runs_agree() -> None:
    figures = aggregate([measure(play(rush()))] * 3)
    assert isinstance(figures.units.sold, int)


def test_what_deviates_beside_the_runs_adds_up_with_them_as_squares_do() -> None:
    values = [100 * 1.1**step for step in (-1, 0, 1)]
    further = math.hypot(math.log(1.1), 1.6449 * 0.2)

    widened = interval(values, misfit=0.2)

    assert (widened.low, widened.high) == pytest.approx(
        (100 * math.exp(-further), 100 * math.exp(further)), rel=1e-4
    )
    assert interval([0, 100, 110], misfit=0.2) == interval([0, 100, 110])


def test_the_misfits_of_the_model_widen_the_intervals_of_their_figures_alone() -> None:
    runs = [measure(play(rush()))] * 3

    plain, widened = aggregate(runs), aggregate(runs, {"orders_per_s": 0.1})

    assert widened.intervals["orders_per_s"].low < plain.intervals["orders_per_s"].low
    assert widened.intervals["orders_per_s"].high > plain.intervals["orders_per_s"].high
    assert widened.intervals["peak_in_system"] == plain.intervals["peak_in_system"]


@pytest.mark.parametrize(
    ("runs", "expected"), [(1, 0.0), (2, 1 / 3), (3, 0.5), (19, 0.9), (20, 19 / 21), (39, 0.9)]
)
def test_the_coverage_of_an_interval_follows_from_the_number_of_runs(runs: int, expected: float) -> None:
    assert coverage(runs) == pytest.approx(expected)


def test_an_interval_leaves_out_the_extremes_when_runs_are_many() -> None:
    few, many = interval(range(19)), interval(range(39))
    assert (few.low, few.high) == (0, 18)
    assert (many.low, many.high) == (1, 37)


def test_the_stated_coverage_is_the_true_one_whatever_the_distribution() -> None:
    random = np.random.default_rng(1)
    draws = random.pareto(1.1, size=(20_000, 25))
    held = [
        bounds.low <= draw[-1] <= bounds.high for draw in draws for bounds in [interval(draw[:-1].tolist())]
    ]
    error = 4 * np.sqrt(coverage(24) * (1 - coverage(24)) / len(draws))
    assert np.mean(held) == pytest.approx(coverage(24), abs=error)

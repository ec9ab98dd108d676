"""How many replications there must be, and whether intervals hold what they promise: counted, with a seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from simulator.replications import (
    Precision,
    mean_interval,
    paired_difference,
    prediction_interval,
    replicate,
)

Floats = NDArray[np.float64]
_TRIALS = 2_000


def _expected(share: float, trials: int = _TRIALS) -> tuple[float, float]:
    """Between which counts of `trials` a share lies in all but one of a thousand cases."""
    low, high = stats.binom.interval(0.999, trials, share)
    return low, high


@pytest.mark.parametrize("confidence", [0.8, 0.95])
@pytest.mark.parametrize("replications", [2, 5, 30])
def test_the_interval_of_a_mean_covers_it_as_often_as_it_says(replications: int, confidence: float) -> None:
    draws = np.random.default_rng(1).normal(3.0, 2.0, (_TRIALS, replications))

    intervals = [mean_interval(draw, confidence) for draw in draws]

    low, high = _expected(confidence)
    assert low <= sum(one.low <= 3.0 <= one.high for one in intervals) <= high


@pytest.mark.parametrize("replications", [2, 5, 30])
def test_the_next_run_lies_in_its_interval_as_often_as_that_says(replications: int) -> None:
    draws = np.random.default_rng(2).normal(3.0, 2.0, (_TRIALS, replications + 1))

    held = sum(
        one.low <= draw[-1] <= one.high for draw in draws for one in [prediction_interval(draw[:-1], 0.9)]
    )

    low, high = _expected(0.9)
    assert low <= held <= high


def test_more_runs_tell_more_of_the_mean_but_not_of_the_next_run() -> None:
    values = np.random.default_rng(3).normal(10.0, 1.0, 10_000)

    assert mean_interval(values, 0.95).half_width == pytest.approx(1.96 / 100, rel=0.05)
    assert prediction_interval(values, 0.95).half_width == pytest.approx(1.96, rel=0.05)


def _crowds(random: np.random.Generator, runs: int) -> tuple[Floats, Floats]:
    """Two strategies, the first of which is better by 1, on crowds that differ by far more."""
    crowd = random.normal(100.0, 10.0, runs)
    return crowd + 1 + random.normal(0, 1, runs), crowd + random.normal(0, 1, runs)


def test_a_paired_difference_is_covered_as_often_as_it_says() -> None:
    random = np.random.default_rng(4)

    covered = sum(
        one.low <= 1.0 <= one.high
        for _ in range(_TRIALS)
        for one in [paired_difference(*_crowds(random, 8), 0.95).interval]
    )

    low, high = _expected(0.95)
    assert low <= covered <= high


def test_common_random_numbers_gain_what_the_crowds_have_in_common() -> None:
    difference = paired_difference(*_crowds(np.random.default_rng(5), 20_000), 0.95)

    assert difference.gain == pytest.approx((101 + 101) / 2, rel=0.05)
    assert difference.interval.half_width == pytest.approx(1.96 * np.sqrt(2 / 20_000), rel=0.05)


def test_strategies_that_do_the_same_differ_by_nothing() -> None:
    values = [3.0, 1.0, 2.0]

    assert paired_difference(values, values, 0.95) == ((0.0, 0.0, 0.0), np.inf)


def _from(draw: Callable[[int], Sequence[float]]) -> Callable[[range], Sequence[float]]:
    return lambda numbers: draw(len(numbers))


def test_replications_go_on_until_the_mean_is_known_as_precisely_as_is_wanted() -> None:
    random = np.random.default_rng(6)
    precision = Precision(relative=0.1, confidence=0.9)

    replicated = replicate(_from(lambda number: random.exponential(5.0, number).tolist()), precision)

    interval = mean_interval(replicated.values, 0.9)
    assert replicated.is_precise
    assert interval.half_width <= 0.1 / 1.1 * interval.mean
    # and no further: an exponential time asks for (1.645 * 1.1 / 0.1)^2 of them, more or less
    assert 200 < len(replicated.values) < 500


def test_the_true_error_is_as_small_as_was_wanted_as_often_as_was_wanted() -> None:
    """Stopping when it looks good costs a little: Law has 0.87 to 0.90 for 0.9 in his experiments."""
    random = np.random.default_rng(7)
    precision = Precision(relative=0.1, confidence=0.9)

    means = [
        replicate(_from(lambda number: random.exponential(5.0, number).tolist()), precision).values.mean()
        for _ in range(400)
    ]

    precise_enough = sum(abs(mean - 5.0) <= 0.1 * 5.0 for mean in means)
    assert precise_enough >= _expected(0.9, 400)[0]


def test_each_replication_is_run_once_and_in_order() -> None:
    seen: list[int] = []

    def run(numbers: range) -> list[float]:
        seen.extend(numbers)
        return [10.0 + number % 7 for number in numbers]

    replicated = replicate(run, Precision(relative=0.02, confidence=0.95))

    assert seen == list(range(len(replicated.values)))
    assert replicated.is_precise


def test_replications_end_where_there_would_be_too_many() -> None:
    random = np.random.default_rng(8)
    precision = Precision(relative=0.001, confidence=0.95, at_most=37)

    replicated = replicate(_from(lambda number: random.exponential(5.0, number).tolist()), precision)

    assert len(replicated.values) == 37
    assert not replicated.is_precise


def test_a_figure_that_never_varies_takes_the_least_replications() -> None:
    replicated = replicate(lambda numbers: [0.0] * len(numbers), Precision(relative=0.05, confidence=0.95))

    assert len(replicated.values) == 10
    assert replicated.is_precise


def test_a_figure_that_is_mostly_zero_can_be_held_to_its_own_unit() -> None:
    values = [0.0] * 99 + [1.0]

    assert not Precision(relative=0.1, confidence=0.95).is_reached(values)
    assert Precision(relative=0.1, confidence=0.95, absolute=0.05).is_reached(values)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: mean_interval([1.0], 0.95), "at least 2 values, got shape (1,)"),
        (lambda: prediction_interval([1.0, 2.0], 95), "confidence 95: expected a number between 0 and 1"),
        (lambda: paired_difference([1.0, 2.0], [1.0], 0.95), "2 values cannot be paired with 1"),
        (lambda: Precision(relative=5, confidence=0.95), "precision 5 (or 0.0): expected a share"),
        (lambda: Precision(relative=0.1, confidence=0.95, at_least=3), "expected at least 10"),
    ],
)
def test_what_cannot_be_computed_is_refused(wrong: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - its text is looked at
        wrong()
    assert message in str(refused.value)

"""The interval of a ratio holds the true ratio as often as it says, also of few pairs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from harness.bench.versions import interval
from harness.bench.versions.interval import ratio_interval

EXPERIMENTS = 300


@pytest.mark.parametrize("confidence", [0.9, 0.99])
@pytest.mark.parametrize("spread", [stats.norm(), stats.t(4), stats.laplace()])
def test_the_true_ratio_is_in_the_interval_of_ten_pairs_as_often_as_it_says(
    spread: Any, confidence: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interval, "_RESAMPLES", 5_000)
    random = np.random.default_rng(1)
    logs = np.log(1.1) + 0.05 * spread.rvs((EXPERIMENTS, 10), random_state=random)

    found = [
        ratio_interval(np.exp(row).tolist(), [1.0] * 10, confidence=confidence, seed=seed)
        for seed, row in enumerate(logs)
    ]

    held = sum(one.low <= 1.1 <= one.high for one in found) / EXPERIMENTS
    assert held == pytest.approx(confidence, abs=0.03)


@pytest.mark.parametrize("pairs", [3, 10, 30])
def test_far_in_the_tails_the_interval_is_about_as_wide_as_student_says(pairs: int) -> None:
    scores = stats.norm.ppf((np.arange(pairs) + 0.5) / pairs)
    error = scores.std(ddof=1) / np.sqrt(pairs)

    found = ratio_interval(np.exp(scores).tolist(), [1.0] * pairs, confidence=0.998, seed=1)

    student = stats.t.ppf(0.999, pairs - 1) * error
    assert np.log(found.high) == pytest.approx(student, rel=0.25)
    assert np.log(found.low) == pytest.approx(-student, rel=0.25)


def test_a_change_that_is_the_same_in_every_pair_is_seen_through_the_drift_of_the_machine() -> None:
    drift = [100, 140, 90, 250, 120, 130, 80, 170, 110, 105]
    noise = [0.99, 1.01, 1.0, 1.02, 0.98, 1.01, 0.99, 1.0, 1.01, 0.99]
    ours = [1.1 * speed * luck for speed, luck in zip(drift, noise, strict=True)]

    found = ratio_interval(ours, drift, confidence=0.998, seed=1)

    assert found.ratio == pytest.approx(1.1, rel=0.001)
    assert 1.08 < found.low < found.ratio < found.high < 1.12


def test_the_interval_is_the_same_again() -> None:
    ours, base = [1.1, 1.2, 1.0, 1.3], [1.0, 1.1, 1.1, 1.0]

    assert ratio_interval(ours, base, confidence=0.95, seed=1) == ratio_interval(
        ours, base, confidence=0.95, seed=1
    )

"""The closed runs of a calibration: which there are, and what the screen says of each."""

from __future__ import annotations

import pytest

from harness.closed_runs import run_of, runs_of
from harness.scope import CALIBRATION
from simulator.defaults import Settings
from simulator.observation import OPEN
from simulator.strategies import STRATEGIES

SETTINGS = Settings(pool_size=5)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_run_is_told_in_words_and_none_is_open(strategy: str) -> None:
    runs = runs_of(STRATEGIES[strategy], CALIBRATION, SETTINGS, the_same_for_all=True)

    told = [run.told(1_234.5) for run in runs]
    assert len(set(told)) == len(runs)
    assert all(line.endswith(": 1,234/s") for line in told)
    assert not {run.kind for run in runs} & set(OPEN)


def test_a_run_in_a_new_shop_is_the_same_after_a_longer_warm_up() -> None:
    strategy = STRATEGIES["no_lock"]

    warm = run_of("saturated", strategy, CALIBRATION, SETTINGS)
    new = run_of("saturated", strategy, CALIBRATION, SETTINGS, in_a_new_shop=True)

    assert new.warm_up_s > warm.warm_up_s
    assert new.units > warm.units
    assert (new.kind, new.clients, new.duration_s) == (warm.kind, warm.clients, warm.duration_s)

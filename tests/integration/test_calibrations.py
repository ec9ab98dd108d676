"""Checking kept calibrations on real servers: one that holds is used, of another the screen says why not."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from harness.calibrations import lasting
from harness.calibrations.kept import keep
from harness.calibrations.lasting import Lasting
from harness.stage import Stage, on_stage
from reports.experiment import StrategyUnderTest
from simulator.profile import ClosedRun, Fit, Profile
from tests.calibrated import AXES, calibrated

STRATEGIES = (
    StrategyUnderTest(name="no_lock", safe=False, ack="committed"),
    StrategyUnderTest(name="redis_hold", safe=True, ack="committed", redis="stock"),
)
ANY_PACE = 1.0  # a spread of repeats that allows whatever a machine does
NO_PACE = ClosedRun(per_s=1e7, p50_ms=1.0, p99_ms=1.0)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with on_stage("embedded", AXES) as stage:
        yield stage


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def made_on(stage: Stage, **changes: Any) -> Profile:
    here = calibrated().machine | dict(stage.endpoints.versions)
    return calibrated("no_lock", "redis_hold", machine=here, **changes)


def found(stage: Stage, logs: Path) -> tuple[Lasting | None, str]:
    """What a load test would use, and the screen."""
    screen = io.StringIO()
    kept = lasting.find(stage, STRATEGIES, rounds=2, logs=logs, console=Console(file=screen))
    return kept, screen.getvalue()


def test_the_newest_that_holds_is_used_and_torn_ones_are_told(stage: Stage, tmp_path: Path) -> None:
    path = keep(made_on(stage, speed_spread=ANY_PACE))
    path.with_name("torn.json").write_text("{")

    used, screen = found(stage, tmp_path / "logs")

    assert used is not None
    assert used.kept.path == path
    assert used.profile == made_on(stage, speed_spread=ANY_PACE)
    assert used.stated.check == used.verdict.sentence
    assert "torn.json is passed over: " in screen
    assert f"The model uses {path}, " in screen
    assert "it holds: no_lock " in screen


def test_one_that_does_not_hold_is_told_with_its_figures(stage: Stage, tmp_path: Path) -> None:
    fit = Fit(runs=2, observed=NO_PACE, modelled=NO_PACE)
    path = keep(made_on(stage, fits={one.name: {"saturated": fit} for one in STRATEGIES}))

    used, screen = found(stage, tmp_path / "logs")

    assert used is None
    assert f"Calibrating again. The newest calibration is {path}, " in screen
    assert "it does not hold: no_lock 0.00 and redis_hold 0.00 times the calibrated orders/s" in screen


def test_without_one_for_these_axes_the_check_starts_nothing(stage: Stage, tmp_path: Path) -> None:
    keep(made_on(stage, workers=4))

    used, screen = found(stage, tmp_path / "logs")

    assert used is None
    assert "calibrated with workers = 4 (here 1)" in screen
    assert not (tmp_path / "logs").exists()

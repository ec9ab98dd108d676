"""Kept calibrations: which one is the newest that will do, and what is told of the others."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from harness.axes import Axes
from harness.calibrations.chosen import Chosen, choose_profile
from harness.calibrations.fingerprint import DROPDAY, Fingerprint
from harness.calibrations.kept import FOLDER, age, keep, nearest, newest
from reports.experiment import StrategyUnderTest
from simulator import profile as profiles
from simulator.profile import ProfileError
from tests.calibrated import AXES, calibrated

HERE = Fingerprint.here(AXES)
NEWER = "2026-01-02T00:00:00+00:00"
STRATEGIES = (StrategyUnderTest(name="no_lock", safe=False, ack="committed"),)
AS_NOW = calibrated()


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def versions(**changes: str) -> dict[str, str]:
    return {**AS_NOW.versions, **changes}


def chosen(named: str | None = None, axes: Axes = AXES) -> tuple[Chosen, list[str]]:
    """What is chosen, and the lines on the screen."""
    screen = io.StringIO()
    found = choose_profile(named, STRATEGIES, axes, Console(file=screen, width=40))
    return found, screen.getvalue().splitlines()


def test_a_calibration_is_kept_under_its_moment_and_its_code() -> None:
    path = keep(AS_NOW)

    assert path == FOLDER / f"20260101T000000Z-{AS_NOW.versions[DROPDAY][:8]}.json"
    assert profiles.load(path) == AS_NOW
    assert list(FOLDER.iterdir()) == [path]


def test_the_newest_is_found_by_when_it_was_made_in_any_time_zone() -> None:
    keep(calibrated())
    later = keep(calibrated(made_at="2025-12-31T20:00:00-05:00"))

    found = newest(HERE, ["no_lock"])

    assert found.newest is not None
    assert found.newest.path == later
    assert found.passed_over == ()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"machine": {**AS_NOW.machine, "cpu": "Another"}}, "cpu = Another (here "),
        ({"machine": {**AS_NOW.machine, "python": "3.1"}}, "python = 3.1 (here "),
        ({"versions": versions(asyncpg="0.1")}, "asyncpg = 0.1 (here "),
        ({"versions": versions(dropday="0123")}, "dropday = 0123 (here "),
        ({"pool_size": 5}, "pool_size = 5 (here 10)"),
        ({"rounds": 1}, "calibrated in 1 rounds; expected 2 or more"),
    ],
)
def test_one_that_will_not_do_is_passed_over_and_told_why(changes: dict[str, Any], why: str) -> None:
    older = keep(calibrated())
    passed = keep(calibrated(**{"made_at": NEWER} | changes))

    found = newest(HERE, ["no_lock"], rounds=2)

    assert found.newest is not None
    assert found.newest.path == older
    [told] = found.passed_over
    assert told.startswith(f"{passed} is passed over: ")
    assert why in told


def test_one_that_lacks_a_strategy_is_passed_over() -> None:
    keep(calibrated("no_lock", "redis_hold"))

    found = newest(HERE, ["no_lock", "unit_rows"])

    assert found.newest is None
    assert found.passed_over[0].endswith("it does not know unit_rows")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"schema": "dropday.prof', "expected a profile of this version"),
        (json.dumps({"schema": "dropday.profile/1"}), "calibrate again"),
        ("\0\xff", "expected a profile of this version"),
        (calibrated(made_at="yesterday").model_dump_json(by_alias=True), "made_at = 'yesterday': expected"),
    ],
)
def test_a_file_that_is_no_calibration_is_told_and_passed_over(content: str, told: str) -> None:
    kept = keep(calibrated())
    torn = FOLDER / "torn.json"
    torn.write_text(content, encoding="latin-1")

    for found in (newest(HERE, ["no_lock"]), nearest(HERE, ["no_lock"])):
        assert found.newest is not None
        assert found.newest.path == kept
        [sentence] = found.passed_over
        assert sentence.startswith(f"{torn} is passed over: ")
        assert sentence.count("torn.json") == 1
        assert told in sentence


def test_what_is_not_known_here_is_compared_with_nothing() -> None:
    with_servers = Fingerprint.here(AXES, {"postgres": "17", "redis": "7"})

    assert HERE.differences(AS_NOW) == []
    assert with_servers.differences(AS_NOW) == ["postgres = 18 (here 17)"]


def test_the_model_uses_this_machines_newest_before_one_that_is_shipped() -> None:
    keep(calibrated())
    ours = keep(calibrated(made_at=(datetime.now(UTC) - timedelta(hours=2.5)).isoformat()))
    keep(calibrated(made_at=NEWER, machine={**AS_NOW.machine, "cores": 4096}))

    found, [line] = chosen()

    assert found == Chosen(str(ours), ("--profile-file", str(ours)))
    assert line == f"profile {ours}: this machine, 2 hours old"


def test_one_of_other_code_or_axes_is_better_than_another_machines_and_says_what_differs() -> None:
    as_now = keep(calibrated())
    keep(calibrated(made_at=NEWER, versions=versions(dropday="0123")))

    found, [line] = chosen()
    of_other_axes, [told] = chosen(axes=Axes(pool_size=5))

    assert found.name == str(as_now)
    assert "calibrated with" not in line
    assert of_other_axes.name != str(as_now)
    assert "calibrated with dropday = 0123 (here " in told
    assert "pool_size = 10 (here 5); `dropday calibrate` makes a new one" in told


def test_without_one_of_this_machine_a_shipped_profile_says_what_it_is_of() -> None:
    keep(calibrated("redis_hold"))

    found, [line] = chosen()

    assert found.name in profiles.shipped()
    assert line.startswith(f"shipped profile {found.name}: a")
    assert line.endswith(" days old; `dropday calibrate` measures this machine")


def test_a_profile_that_is_named_wins_and_another_machines_is_told(tmp_path: Path) -> None:
    keep(calibrated())
    theirs = tmp_path / "theirs.json"
    calibrated(machine={"cpu": "Theirs", "cores": 64}).save(theirs)

    found, [line] = chosen(str(theirs))

    assert found == Chosen(str(theirs), ())
    assert line.startswith(f"profile {theirs}: another machine (Theirs, 64 cores), ")


@pytest.mark.parametrize(
    ("ago", "told"),
    [
        (timedelta(seconds=-30), "less than a minute old"),
        (timedelta(seconds=59), "less than a minute old"),
        (timedelta(seconds=61), "1 minute old"),
        (timedelta(hours=23.9), "23 hours old"),
        (timedelta(days=12.5), "12 days old"),
    ],
)
def test_an_age_is_told_in_its_largest_unit(ago: timedelta, told: str) -> None:
    assert age(calibrated(made_at=(datetime.now(UTC) - ago).isoformat())) == told


def test_a_moment_without_an_offset_is_no_age() -> None:
    with pytest.raises(ProfileError, match="expected a moment in ISO 8601 with the offset from UTC"):
        age(calibrated(made_at="2026-01-01T00:00:00"))

"""`dropday calibrate --check` where no server has to be asked: another machine, other code, torn, old."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from harness.calibrations.kept import FOLDER, keep
from harness.cli import app
from tests.calibrated import calibrated

AS_NOW = calibrated()


@pytest.fixture(autouse=True)
def _without_servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def started(*_: object) -> Any:
        raise AssertionError("servers were started")

    monkeypatch.setattr("harness.stage.open_servers", started)


def checked(*options: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["calibrate", "--check", *options])
    assert "Traceback" not in result.output
    return result.exit_code, " ".join(result.output.split())


@pytest.mark.parametrize(
    ("changes", "options", "why"),
    [
        ({"machine": {**AS_NOW.machine, "cpu": "Another"}}, (), "calibrated with cpu = Another (here "),
        ({"versions": {**AS_NOW.versions, "dropday": "0123"}}, (), "calibrated with dropday = 0123 (here "),
        ({}, ("--set", "pool_size=5"), "calibrated with pool_size = 10 (here 5)"),
    ],
)
def test_of_another_machine_other_code_or_axes_none_holds(
    changes: dict[str, Any], options: tuple[str, ...], why: str
) -> None:
    path = keep(calibrated(**changes))

    code, told = checked("--profile-file", str(path), *options)

    assert code == 1
    assert f"it does not hold: {why}" in told
    assert told.endswith("; make another: dropday calibrate")


def test_a_torn_or_an_older_profile_is_refused() -> None:
    path = keep(AS_NOW)
    whole = path.read_text()
    for content in (whole[:-100], json.dumps(json.loads(whole) | {"schema": "dropday.profile/1"}), ""):
        path.write_text(content)

        code, told = checked("--profile-file", str(path))

        assert code == 2
        assert f"error: {path}: " in told
        assert "expected a profile of this version" in told


def test_where_none_is_kept_of_this_machine_it_says_how_to_get_one() -> None:
    keep(calibrated(machine={**AS_NOW.machine, "cpu": "Another"})).with_name("torn.json").write_text("{")

    code, told = checked()

    assert code == 2
    assert f"{FOLDER / 'torn.json'} is passed over: " in told
    assert f"no calibration of this machine is kept in {FOLDER}/: make one with `dropday calibrate`" in told

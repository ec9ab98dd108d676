"""A load test from the command line, as it should go."""

from __future__ import annotations

import pytest

from harness.calibrations.kept import keep
from harness.servers import Endpoints, open_servers
from reports.experiment import Experiment
from reports.summary import Summary
from scenarios.record import Record
from simulator import profile as profiles
from tests.calibrated import calibrated
from tests.end_to_end.command import Desk


def test_what_the_model_does_not_know_is_measured_alone_and_recorded(desk: Desk) -> None:
    test = desk.run("loadtest", "--scenario", desk.scenario(), "--profile", "smoke", "--time-scale", "1",
                    "--strategies", "no_lock,redis_queue", "--set", "pool_size=4",
                    "--set", "batch_window_ms=2")  # fmt: skip

    assert test.code() == 0, test.output
    assert "Nothing is predicted: the model does not know batch_window_ms.\n" in test.output
    experiment = Experiment.load(desk.latest)
    assert experiment.axes == {"workers": 1, "pool_size": 4, "batch_window_ms": 2}
    assert experiment.replications == 0
    summary = Summary.model_validate_json((desk.latest / "summary.json").read_text())
    assert {one.name: one.audit.verdict for one in summary.strategies if one.safe} == {
        "redis_queue": "pass",
    }
    samples = Record.load(desk.latest / "redis_queue" / "0").conditions.samples
    assert max(sample.consumer for sample in samples) > 0


def test_on_servers_that_cannot_be_metered_nothing_is_predicted(desk: Desk) -> None:
    with open_servers("embedded") as endpoints:
        desk.environment |= {"DATABASE_URL": endpoints.database_url, "REDIS_URL": endpoints.redis_url}
        test = desk.run("loadtest", "--scenario", desk.scenario(), "--profile", "smoke", "--time-scale", "1",
                        "--servers", "external", "--strategies", "no_lock")  # fmt: skip

    assert test.code() == 0, test.output
    assert "Nothing is predicted: calibration needs the CPU time" in test.output
    assert Record.load(desk.latest / "no_lock" / "0").conditions.samples == ()


def test_a_kept_calibration_that_still_holds_is_used_and_told(
    desk: Desk, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk.folder)
    here = calibrated().machine | dict(endpoints.versions)
    any_pace = 1.0  # a spread of repeats that allows whatever a machine does
    path = keep(calibrated("no_lock", "redis_hold", machine=here, speed_spread=any_pace))

    test = desk.run("loadtest", "--scenario", desk.scenario(), "--profile", "smoke", "--time-scale", "1",
                    "--strategies", "no_lock,redis_hold")  # fmt: skip

    assert test.code() == 0, test.output
    assert f"The model uses {path}, " in test.output
    assert "calibrating" not in test.output
    assert profiles.load(desk.latest / "profile.json") == profiles.load(path)
    used = Summary.model_validate_json((desk.latest / "summary.json").read_text()).run.calibration
    assert used is not None
    assert used.file == str(path)
    assert used.check is not None
    assert used.check.startswith("it holds: no_lock ")
    assert used.check in (desk.latest / "index.html").read_text()

"""A load test from the command line, as it should go."""

from __future__ import annotations

import json

from harness.servers import open_servers
from reports.experiment import Experiment
from reports.summary import Summary
from scenarios.record import Record
from tests.end_to_end.command import Desk, not_passed

STRICT = """
[[threshold]]
metric = "measured.orders_per_s"
strategies = ["safe"]
min = 1_000_000
reason = "Nobody sells a million pairs a second."
"""


def test_what_the_model_does_not_know_is_measured_alone_and_recorded(desk: Desk) -> None:
    test = desk.run("loadtest", "--scenario", desk.scenario(), "--profile", "smoke", "--time-scale", "1",
                    "--strategies", "no_lock,queued", "--set", "pool_size=4",
                    "--set", "batch_window_ms=2")  # fmt: skip

    assert test.code() == 0, test.output
    assert "Nothing is predicted: the model does not know batch_window_ms.\n" in test.output
    experiment = Experiment.load(desk.latest)
    assert experiment.axes == {"workers": 1, "pool_size": 4, "batch_window_ms": 2}
    assert experiment.replications == 0
    summary = Summary.model_validate_json((desk.latest / "summary.json").read_text())
    assert {one.name: one.audit.verdict for one in summary.strategies if one.safe} == {
        "redis_queue": "pass",
        "single_writer": "pass",
    }
    samples = Record.load(desk.latest / "redis_queue" / "0").conditions.samples
    assert max(sample.consumer for sample in samples) > 0


def test_on_servers_that_cannot_be_metered_nothing_is_predicted(desk: Desk) -> None:
    with open_servers("embedded") as endpoints:
        desk.environment |= {"DATABASE_URL": endpoints.database_url, "REDIS_URL": endpoints.redis_url}
        test = desk.run("loadtest", "--scenario", desk.scenario(), "--profile", "smoke", "--time-scale", "1",
                        "--servers", "external", "--strategies", "no_lock,conditional_update")  # fmt: skip

    assert test.code() == 0, test.output
    assert "Nothing is predicted: calibration needs the CPU time" in test.output
    assert Record.load(desk.latest / "conditional_update" / "0").conditions.samples == ()


def test_a_load_test_measures_predicts_and_can_be_judged_again(desk: Desk) -> None:
    scenario = desk.scenario()
    test = desk.run("loadtest", "--scenario", scenario, "--profile", "smoke", "--time-scale", "1",
                    "--strategies", "no_lock,conditional_update")  # fmt: skip

    assert test.code() == 0, test.output
    *_, verdict, path = test.output.splitlines()
    assert verdict == "verdict: pass"
    assert path == f"report: runs/{desk.latest.name}/index.html"
    summary = Summary.model_validate_json((desk.latest / "summary.json").read_text())
    no_lock, conditional_update = summary.strategies
    assert no_lock.measured
    assert no_lock.predicted
    assert conditional_update.measured
    assert conditional_update.predicted
    assert no_lock.measured.units.oversold > 0
    assert conditional_update.measured.units.oversold == 0
    assert conditional_update.audit.verdict == "pass"
    assert desk.left() == []

    record = Record.load(desk.latest / "conditional_update" / "0")
    assert record.conditions.generator.sent == record.conditions.generator.offered > 0
    assert max(sample.worker for sample in record.conditions.samples) > 0

    again = desk.run("report")
    assert again.code() == 0
    assert again.output.splitlines()[-1] == path

    (desk.folder / "strict.toml").write_text(STRICT)
    judged = desk.run("gate", "--thresholds", "strict.toml")
    assert judged.code() == 1
    reason = "expected at least 1,000,000"
    assert reason in " ".join(judged.output.split())
    assert any(reason in failure for failure in not_passed(desk.latest))
    assert json.loads((desk.latest / "summary.json").read_text())["verdict"] == "fail"

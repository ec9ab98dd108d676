"""A whole load test, calibrated and predicted, and the page of all questions, as a user asks for them."""

from __future__ import annotations

import json

from reports.answers.shapes import Answers
from reports.summary import Summary
from scenarios.record import Record
from tests.end_to_end.command import Desk, not_passed
from tests.unit.test_page import Page

STRICT = """
[[threshold]]
metric = "measured.completed"
strategies = ["safe"]
min = 1_000_000
reason = "Nobody sends a million shoppers here."
"""


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


def test_a_simulation_answers_what_an_architect_asks_on_one_page(desk: Desk) -> None:
    command = desk.run("simulate", "--scenario", desk.scenario(), "--strategies", "no_lock,redis_hold",
                       "--replications", "2")  # fmt: skip

    assert command.code() == 0, command.output
    answers = Answers.load(desk.latest)
    assert answers.capacity
    assert [one.strategy for one in answers.capacity.strategies] == ["redis_hold", "no_lock"]
    assert answers.sizing
    assert answers.sizing.left_out == ("no_lock",)
    assert answers.oversell
    assert [one.bound for one in answers.oversell.strategies] == [None, None]
    assert answers.measure_next
    text = (desk.latest / "questions.html").read_text()
    page = Page(text)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert set(Answers.model_fields) & set(page.ids) == {
        "compare", "capacity", "sizing", "sensitivity", "queue", "oversell", "lease", "cost", "measure_next",
    }  # fmt: skip
    assert all(link == "index.html" or link.startswith("#") for link in page.references)
    assert "made-up prices" in page.text
    assert "Only the dashed cells were measured" in page.text
    assert "None by construction" in page.text

"""A run in which nothing happens: there are pages and a verdict, and a dash where there is no figure."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from harness.cli import app
from harness.questions.capacity import HowManyShoppers
from reports import console, report
from reports.answers.shapes import Answers, Objective
from reports.metrics import measure
from tests.unit.profiles import small_machine
from tests.unit.run_folders import CONTROL, SAFE, experiment, save_run
from tests.unit.shop_runs import play
from tests.unit.test_page import Page

NOBODY_COMES = """
name = "nobody_comes"
summary = "A thousandth of a shopper is expected, so nobody comes."

[arrivals]
shape = "constant"
per_s = 0.001
duration_s = 1

[[products]]
id = "dunk"
name = "Dunk"
price_won = 100_000
sizes = [{ size = "270", units = 30 }]
"""
NOBODY_CAN_PAY = NOBODY_COMES.replace("0.001", "60") + "\n[shoppers]\nbalance_won = 0\n"


def said(folder: Path, command: str, *more: str, scenario: str = NOBODY_COMES) -> tuple[int, str]:
    small_machine().save(folder / "small.json")
    (folder / "drop.toml").write_text(scenario)
    asked = ["--scenario", str(folder / "drop.toml"), "--profile-file", str(folder / "small.json")]
    of_whom = ["--strategies", f"{CONTROL},pessimistic_lock", "--runs", str(folder / "runs")]
    result = CliRunner().invoke(app, [*command.split(), *asked, *of_whom, *more])
    assert "not foreseen" not in result.output
    return result.exit_code, " ".join(result.output.split())


@pytest.mark.parametrize(("repeats", "replications"), [(1, 0), (0, 2), (2, 2)])
def test_there_is_a_report_of_a_run_in_which_nobody_came(
    tmp_path: Path, repeats: int, replications: int
) -> None:
    nothing = play([])
    plan = experiment(repeats=repeats, replications=replications)

    summary = report.write(save_run(tmp_path, plan, {CONTROL: nothing, SAFE: nothing}), bounds=None)
    screen = io.StringIO()
    console.show(summary, tmp_path, Console(width=80, file=screen))

    assert summary.exit_code == 3
    assert Page((tmp_path / "index.html").read_text()).open == []
    row = next(line for line in screen.getvalue().splitlines() if f" {SAFE} " in line)
    assert "-" in row.split()


def test_a_run_in_which_nobody_came_can_be_judged_and_reported_again(tmp_path: Path) -> None:
    nothing = play([])
    run = save_run(tmp_path / "a-run", experiment(), {CONTROL: nothing, SAFE: nothing})
    bounds = tmp_path / "bounds.toml"
    bounds.write_text(
        '[[threshold]]\nmetric = "measured.latency_ms.order.p99"\nstrategies = ["safe"]\nmax = 1\n'
        'reason = "Nobody waits."\n'
    )

    for command, code in (("gate", 3), ("report", 0)):
        result = CliRunner().invoke(app, [command, str(run), "--thresholds", str(bounds)])
        assert result.exit_code == code, result.output
        assert "not foreseen" not in result.output
    assert f"{SAFE} has no measured.latency_ms.order.p99" in (run / "index.html").read_text()


def test_a_simulation_in_which_nobody_comes_is_unknown_and_puts_no_question(tmp_path: Path) -> None:
    code, text = said(tmp_path, "simulate", "--engine", "simpy", "--ask", "compare,capacity,queue")

    assert code == 3, text
    assert "nobody_comes has 0.001 shoppers, so that nobody comes in most runs; expected one" in text
    assert "verdict: unknown" in text


def test_a_question_about_nobody_is_refused(tmp_path: Path) -> None:
    code, text = said(tmp_path, "ask capacity")

    assert code == 2
    assert "capacity: nobody_comes has 0.001 shoppers" in text


def test_nobody_can_be_foreseen(tmp_path: Path) -> None:
    code, text = said(tmp_path, "foresee", "--replications", "2")

    assert code == 0, text
    assert "0.001 shoppers: in no run did anybody ask for anything." in text


def test_a_figure_that_no_run_has_is_not_compared(tmp_path: Path) -> None:
    code, text = said(tmp_path, "ask compare", "--engine", "simpy", "--figure", "buyers-p99",
                      "--replications", "2", scenario=NOBODY_CAN_PAY)  # fmt: skip

    assert code == 3, text
    assert f"2 of 2 runs of {CONTROL} have no p99 of the buyers' answers" in " ".join(text.split())
    assert [path.name for path in (tmp_path / "runs").iterdir()] == []


def test_a_question_without_an_answer_leaves_the_others_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.questions.figures import FIGURES

    monkeypatch.setitem(FIGURES, "everyone-p99", FIGURES["buyers-p99"])
    code, text = said(tmp_path, "simulate", "--engine", "simpy", "--replications", "1",
                      "--ask", "compare,oversell", scenario=NOBODY_CAN_PAY)  # fmt: skip

    assert code == 3, text
    why = "10 of 10 runs of pessimistic_lock have no p99"
    assert f"Not answered, which strategy is better: {why}" in " ".join(text.split())
    answers = Answers.load(tmp_path / "runs" / "latest")
    assert answers.compare is None
    assert answers.oversell


def test_a_crowd_of_nobody_keeps_every_objective() -> None:
    objective = Objective(p99_ms=1, of="both", unknown_share=0.0)

    point = HowManyShoppers(objective)._point(0.1, [measure(play([]))])

    assert point.kept
    assert point.wait_ms is None

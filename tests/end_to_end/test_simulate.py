"""`dropday simulate`: the model alone."""

from __future__ import annotations

from contextlib import suppress

import psutil

from reports.answers.shapes import Answers
from reports.summary import Summary
from tests.end_to_end.command import DROP, Desk
from tests.waiting import eventually


def test_a_simulation_needs_no_server_and_ends_with_the_same_report(desk: Desk) -> None:
    command = desk.run("simulate", "--scenario", desk.scenario(), "--strategies", "no_lock,redis_hold",
                       "--replications", "2", "--ask", "none")  # fmt: skip

    assert command.code() == 0, command.output
    assert command.output.splitlines()[-1] == f"report: runs/{desk.latest.name}/index.html"
    no_lock, redis_hold = Summary.model_validate_json((desk.latest / "summary.json").read_text()).strategies
    assert no_lock.measured is None
    assert no_lock.predicted
    assert no_lock.predicted.units.oversold > 0
    assert redis_hold.predicted
    assert redis_hold.predicted.units.sold == 40
    assert desk.left() == []


def test_the_model_starts_no_server_and_says_first_which_profile_it_uses(desk: Desk) -> None:
    command = desk.start("simulate", "--scenario", desk.scenario(), "--strategies", "no_lock",
                         "--replications", "1", "--ask", "none")  # fmt: skip
    seen: set[str] = set()

    def has_ended() -> bool:
        with suppress(psutil.Error):
            seen.update(one.name() for one in command.process.children(recursive=True))
        return command.process.poll() is not None

    assert eventually(has_ended), command.output
    assert command.code() == 0, command.output
    assert command.output.startswith("shipped profile ")
    assert seen
    assert not {name for name in seen if "postgres" in name or "redis" in name}


def test_a_single_question_has_a_command_of_its_own(desk: Desk) -> None:
    command = desk.run("ask", "queue", "--scenario", desk.scenario(), "--strategies", "redis_hold",
                       "--replications", "2", "--set", "pool_size=2")  # fmt: skip

    assert command.code() == 0, command.output
    assert command.output.splitlines()[-1] == f"answers: runs/{desk.latest.name}/questions.html"
    answers = Answers.load(desk.latest)
    assert answers.queue
    assert answers.queue.connections == 2
    assert answers.capacity is None
    assert any("pool_size" in caution for caution in answers.cautions)
    assert "beyond the calibration" in command.output


def test_ctrl_c_stops_a_question_and_leaves_nothing(desk: Desk) -> None:
    endless = DROP.replace("duration_s = 0.7", "duration_s = 600")
    command = desk.start("ask", "oversell", "--scenario", desk.scenario(endless))
    assert eventually(lambda: len(command.process.children()) >= 3 or not command.process.is_running())
    command.family = command.process.children(recursive=True)

    command.interrupt()

    assert command.code() == 130, command.output
    assert eventually(lambda: command.survivors() == [])
    assert list((desk.folder / "runs").iterdir()) == []


def test_ctrl_c_stops_a_simulation_with_all_its_workers(desk: Desk) -> None:
    endless = DROP.replace("duration_s = 0.7", "duration_s = 600")
    command = desk.start("simulate", "--scenario", desk.scenario(endless))
    assert eventually(lambda: len(command.process.children()) >= 3 or not command.process.is_running())
    command.family = command.process.children(recursive=True)

    command.interrupt()

    assert command.code() == 130, command.output
    assert eventually(lambda: command.survivors() == [])
    assert desk.left() == []
    assert list((desk.folder / "runs").iterdir()) == []

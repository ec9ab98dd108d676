"""The folders of runs: what a run leaves when it ends well, fails, or is interrupted."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import RunError, UsageError
from harness.runs import existing_run, run_folder


def run_that_ends(runs: Path, error: BaseException) -> Path:
    """The folder of a run which writes a log, and then ends with `error`."""
    with pytest.raises(type(error)), run_folder(runs, "drop") as run:  # noqa: PT012 - the block is the test
        (run / "system.log").write_text("out of memory")
        raise error
    return run


def test_latest_points_at_the_run_that_ended_last(tmp_path: Path) -> None:
    with run_folder(tmp_path, "drop"):
        pass
    with run_folder(tmp_path, "drop") as second:
        (second / "experiment.json").touch()

    assert existing_run(tmp_path / "latest") == existing_run(second) == second
    assert len(list(tmp_path.iterdir())) == 3


def test_two_runs_of_the_same_moment_have_a_folder_each(tmp_path: Path) -> None:
    with run_folder(tmp_path, "drop") as first, run_folder(tmp_path, "drop") as second:
        assert first != second


def test_an_interrupted_run_leaves_nothing(tmp_path: Path) -> None:
    run_that_ends(tmp_path, KeyboardInterrupt())

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("page", ["index.html", "questions.html"])
def test_what_was_finished_before_an_interrupt_stays_and_is_told(page: str, tmp_path: Path) -> None:
    stopped = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt), run_folder(tmp_path, "drop") as run:  # noqa: PT012 - as above
        (run / page).write_text("<html>")
        raise stopped

    assert (tmp_path / "latest" / page).read_text() == "<html>"
    assert stopped.__notes__ == [f"What was finished is in {run}"]


def test_a_folder_in_the_place_of_the_link_is_told_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "latest").mkdir()

    with pytest.raises(UsageError, match=r"latest is not a link.*--runs"), run_folder(tmp_path, "drop"):
        pass


def test_a_run_that_failed_leaves_its_logs_and_says_where(tmp_path: Path) -> None:
    failure = RunError("the system died")

    run = run_that_ends(tmp_path, failure)

    assert (run / "system.log").read_text() == "out of memory"
    assert str(run) in failure.__notes__[0]
    assert not (tmp_path / "latest").exists()


def test_a_run_that_failed_before_it_said_anything_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(RunError), run_folder(tmp_path, "drop"):
        raise RunError("PostgreSQL did not start")

    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")

    with pytest.raises(UsageError, match=r"cannot be made.*--runs"), run_folder(tmp_path / "runs", "drop"):
        pass


def test_a_folder_that_is_no_run_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no experiment\.json.*dropday loadtest"):
        existing_run(tmp_path / "latest")

    with run_folder(tmp_path, "drop") as run:
        (run / "experiment.json").touch()
    with pytest.raises(UsageError, match=f"has {run.name}"):
        existing_run(tmp_path / "lastest")

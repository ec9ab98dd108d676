"""Files that are written whole or not at all, whatever interrupts the writing."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from harness.cli import app
from harness.runs import run_folder
from reports import report
from scenarios import history
from scenarios.files import UnwritableError, beside, require_writable, whole, write_text
from tests.unit.profiles import small_machine
from tests.unit.run_folders import experiment, save_run
from tests.unit.shop_runs import play, rush

ROOT = Path(__file__).parents[2]
WRITTEN = ("index.html", "summary.md", "summary.json", "junit.xml", "no_lock/0/audit.json")

PACKAGES = ("harness", "reports", "scenarios", "simulator")
DIRECTLY = re.compile(r"\.write_(?:text|bytes|parquet)\((\w*)")

# Between processes, and gone after the command.
OF_A_COMMAND = {
    "harness/bench/dispatcher.py",
    "harness/closed_loop/__init__.py",
    "harness/closed_loop/__main__.py",
}


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    write_text(tmp_path / "new" / "a.txt", "ä\n")
    write_text(tmp_path / "new" / "a.txt", "b\n")

    assert (tmp_path / "new" / "a.txt").read_text() == "b\n"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.txt"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device"), ValueError()])
def test_what_interrupts_the_writing_leaves_the_old_file_and_no_other(
    tmp_path: Path, error: BaseException
) -> None:
    file = tmp_path / "a.txt"
    file.write_text("old")

    def interrupted() -> None:
        with whole(file) as aside:
            aside.write_text("ne")
            raise error

    with pytest.raises(type(error)):
        interrupted()

    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_stays_a_link_and_what_it_points_at_is_written(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "a.txt").symlink_to(tmp_path / "kept" / "b.txt")

    write_text(tmp_path / "a.txt", "text")

    assert (tmp_path / "a.txt").is_symlink()
    assert (tmp_path / "kept" / "b.txt").read_text() == "text"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_told_by_the_name_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").symlink_to("/dev/full")

    with pytest.raises(
        UnwritableError, match=r"a\.txt: cannot be written .No space left on device.; make room"
    ):
        write_text(tmp_path / "a.txt", "text")

    assert Path("/dev/full").is_char_device()


@pytest.mark.parametrize("write", [lambda path: write_text(path, "a"), require_writable])
def test_a_folder_is_no_place_for_a_file(tmp_path: Path, write: object) -> None:
    assert callable(write)
    with pytest.raises(UnwritableError, match=r"cannot be written .Is a directory.; make room, or choose"):
        write(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_link_in_a_circle_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.txt").symlink_to("a.txt")

    write_text(tmp_path / "a.txt", "text")

    assert (tmp_path / "a.txt").read_text() == "text"


def test_an_interrupted_link_to_the_newest_run_leaves_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to("old")

    def interrupted() -> None:
        with beside(tmp_path / "latest") as link:
            link.symlink_to("new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert (tmp_path / "latest").readlink() == Path("old")
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("kept_bytes", [0, 400, 3000])
def test_a_disk_that_fills_up_leaves_each_file_of_a_report_as_it_was_or_whole(
    tmp_path: Path, kept_bytes: int
) -> None:
    run = save_run(tmp_path / "run", experiment())
    report.write(run, bounds=None)
    before = {name: (run / name).read_bytes() for name in WRITTEN}
    again = (
        "import sys, resource, pathlib; from reports import report\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({kept_bytes}, resource.RLIM_INFINITY))\n"
        "report.write(pathlib.Path(sys.argv[1]), bounds=None)\n"
    )

    failed = subprocess.run(  # noqa: S603 - this Python
        [sys.executable, "-c", again, str(run)],
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "cannot be written (File too large)" in failed.stderr
    assert {name: (run / name).read_bytes() for name in WRITTEN} == before
    assert [path for path in run.rglob(".*") if path.is_file()] == []


def test_a_history_that_cannot_be_written_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: pl.DataFrame, path: Path) -> None:
        path.write_bytes(b"PAR1")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", fails)

    with pytest.raises(UnwritableError, match=r"history\.parquet: cannot be written"):
        history.write(play(rush()).history, tmp_path / "history.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_report_that_cannot_be_written_ends_with_code_3_and_names_the_file(tmp_path: Path) -> None:
    run = save_run(tmp_path / "runs" / "a-run", experiment())
    (run / "index.html").mkdir()
    (tmp_path / "bounds.toml").write_text("")

    result = CliRunner().invoke(app, ["gate", str(run), "--thresholds", str(tmp_path / "bounds.toml")])

    assert result.exit_code == 3
    assert f"error: {run / 'index.html'}: cannot be written (Is a directory)" in result.output
    assert "not foreseen" not in result.output


def test_a_run_that_cannot_be_written_does_not_become_the_latest(tmp_path: Path) -> None:
    def runs() -> None:
        with run_folder(tmp_path, "drop") as folder:
            (folder / "experiment.json").mkdir()
            write_text(folder / "experiment.json", "")

    with pytest.raises(UnwritableError):
        runs()

    assert not (tmp_path / "latest").exists()


def test_a_profile_without_a_place_is_told_before_a_calibration(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["calibrate", "-o", str(tmp_path)])

    assert result.exit_code == 2
    assert f"{tmp_path}: cannot be written (Is a directory)" in result.output


def test_a_profile_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "profile.json"
    file.write_text("old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(UnwritableError, match=r"profile\.json: cannot be written .File too large"):
            small_machine().save(file)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_everything_that_a_user_keeps_is_written_in_this_way() -> None:
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    directly = {
        str(file.relative_to(ROOT))
        for file in files
        for call in DIRECTLY.finditer(file.read_text())
        if call[1] != "aside"
    }

    assert directly - {"scenarios/files.py"} == OF_A_COMMAND

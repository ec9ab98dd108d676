"""The folders of runs: one for each, named by the moment it began, and `latest` for the newest that ended."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from harness.errors import RunError, UsageError
from reports.experiment import FILE
from scenarios.files import UnwritableError, beside

LATEST = "latest"
_PAGES = ("index.html", "questions.html")


@contextmanager
def run_folder(runs: Path, scenario: str) -> Iterator[Path]:
    """A new folder for a run, such as `20261121-093045-sneaker_drop-3f2a`, to be `latest` once it has ended.

    A run that is interrupted leaves no folder, unless a page is in it: what is finished stays, and part of a
    run says nothing. One that failed leaves its folder, if there are logs in it, and `latest` where it was.

    Raises:
        UsageError: there cannot be a folder.
    """
    run = _new_folder(runs, scenario)
    try:
        yield run
    except (KeyboardInterrupt, UsageError) as error:
        if any((run / page).is_file() for page in _PAGES):
            _make_latest(run)
            error.add_note(f"What was finished is in {run}")
        else:
            shutil.rmtree(run, ignore_errors=True)
        raise
    except (RunError, UnwritableError) as error:
        if any(run.iterdir()):
            error.add_note(f"The run is incomplete. Its logs: {run}")
        else:
            run.rmdir()
        raise
    _make_latest(run)


def _new_folder(runs: Path, scenario: str) -> Path:
    if (runs / LATEST).exists() and not (runs / LATEST).is_symlink():
        raise UsageError(
            f"{runs / LATEST} is not a link, which is to point at the newest run; move it away, or choose "
            "another folder with --runs"
        )
    moment = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    run = runs / f"{moment}-{scenario}-{secrets.token_hex(2)}"
    try:
        run.mkdir(parents=True)
    except OSError as error:
        mend = "choose a folder that can be written with --runs"
        raise UsageError(f"{run} cannot be made ({error.strerror}); {mend}") from error
    return run


def _make_latest(run: Path) -> None:
    """Whoever reads `latest` meanwhile sees the old one or the new one."""
    with beside(run.parent / LATEST) as link:
        link.symlink_to(run.name)


def existing_run(run: Path) -> Path:
    """The folder that `run` names; of `latest`, the one that it points at.

    Raises:
        UsageError: it is not a run's folder.
    """
    if not (run / FILE).is_file():
        found = sorted(
            path.parent.name for path in run.parent.glob(f"*/{FILE}") if path.parent.name != LATEST
        )
        there = f"{run.parent} has {', '.join(found[-3:])}" if found else "start one with `dropday loadtest`"
        raise UsageError(f"{run} is not the folder of a run (it has no {FILE}); {there}")
    return run.parent / run.readlink() if run.is_symlink() else run

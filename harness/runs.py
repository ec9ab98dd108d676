"""The folders of runs: one for each, named by the moment it began, and `latest` for the newest that ended."""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import Path

from harness.errors import UsageError
from reports.experiment import FILE

LATEST = "latest"


def new_run(runs: Path, scenario: str) -> Path:
    """A new folder for a run, beside all others: `20261121-093045-sneaker_drop-3f`.

    Raises:
        UsageError: there cannot be a folder.
    """
    moment = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    run = runs / f"{moment}-{scenario}-{secrets.token_hex(2)}"
    try:
        run.mkdir(parents=True)
    except OSError as error:
        mend = "choose a folder that can be written with --runs"
        raise UsageError(f"{run}: cannot be made ({error.strerror}); {mend}") from error
    return run


def make_latest(run: Path) -> None:
    """Let `latest` point at `run`; whoever reads it meanwhile sees the old one or the new one."""
    link = run.parent / f".{LATEST}-{secrets.token_hex(4)}"
    link.symlink_to(run.name)
    link.replace(run.parent / LATEST)


def existing_run(run: Path) -> Path:
    """The folder that `run` names, with a symlink followed.

    Raises:
        UsageError: it is not a run's folder.
    """
    if not (run / FILE).is_file():
        found = sorted(
            path.parent.name for path in run.parent.glob(f"*/{FILE}") if path.parent.name != LATEST
        )
        there = f"{run.parent} has {', '.join(found[-3:])}" if found else "start one with `dropday loadtest`"
        raise UsageError(f"{run}: not the folder of a run (it has no {FILE}); {there}")
    return run.resolve()

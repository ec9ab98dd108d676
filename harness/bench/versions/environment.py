"""The Python that runs a version: this one, or one of its own where its lock is another."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from harness.errors import RunError

_LINES_SHOWN = 5


def python_for(lock: Path, ours: Path, environments: Path) -> Path:
    """A Python with what `lock` names.

    Args:
        ours: the lock of the running Python, which serves every lock with the same text.
        environments: the folder of the others, each made the first time that its lock is met.

    Raises:
        RunError: one could not be made.
    """
    if lock.read_bytes() == ours.read_bytes():
        return Path(sys.executable)
    folder = environments / hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    python, ready = folder / "bin" / "python", folder / "ready"
    if not ready.exists():
        _call(sys.executable, "-m", "venv", "--clear", folder)
        _call(
            *(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--require-hashes", "-r", lock),
        )
        ready.touch()
    return python


def _call(*command: str | Path) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - no shell
    if ended.returncode != 0:
        said = "\n".join((ended.stderr or ended.stdout).strip().splitlines()[-_LINES_SHOWN:])
        raise RunError(f"`{' '.join(map(str, command))}` failed:\n{said}")

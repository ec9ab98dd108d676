"""Child processes: started on their own cores, logged, watched, and never left behind."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.errors import RunError

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1
_LOG_LINES_SHOWN = 15
_POLL_S = 0.02
_SETTINGS = ("DROPDAY_", "LOCUST_")


class ProcessDiedError(RunError):
    """A child ended before it was told to; the message has its name, its exit and the end of its log."""


@dataclass(frozen=True)
class Child:
    """A running child process. `log` holds all that it printed."""

    name: str
    log: Path
    popen: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.popen.pid

    def ends_within(self, seconds: float) -> bool:
        """Wait for the child's end, so long at most; whether it came."""
        try:
            self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def check(self) -> None:
        """Do nothing while the child lives.

        Raises:
            ProcessDiedError: it has ended.
        """
        status = self.popen.poll()
        if status is not None:
            raise ProcessDiedError(f"{self.name} {how_it_ended(status)}.\n{end_of(self.log)}")

    def await_ready(self, is_ready: Callable[[], bool], *, within_s: float) -> None:
        """Return as soon as `is_ready()`.

        Raises:
            ProcessDiedError: the child ended first.
            RunError: it was not ready in time.
        """
        deadline = time.monotonic() + within_s
        while not is_ready():
            self.check()
            if time.monotonic() > deadline:
                raise RunError(f"{self.name} was not ready within {within_s:g} s.\n{end_of(self.log)}")
            self.ends_within(_POLL_S)  # between two looks

    def await_end(self, *, within_s: float, accepted: Collection[int] = (0,)) -> None:
        """Wait until the child ends by itself, with an exit code that is accepted.

        Raises:
            ProcessDiedError: it ended with another exit code, or by a signal.
            RunError: it did not end in time.
        """
        if not self.ends_within(within_s):
            raise RunError(f"{self.name} did not end within {within_s:g} s.\n{end_of(self.log)}")
        if self.popen.returncode not in accepted:
            self.check()

    def stop(self, *, grace_s: float = 10) -> bool:
        """Ask the child to end (SIGTERM), and kill whatever of its session is left after `grace_s`.

        Returns:
            Whether the child ended by itself within the grace.
        """
        if self.popen.poll() is None:
            self.popen.terminate()
        in_time = self.ends_within(grace_s)
        self.kill()
        return in_time

    def kill(self) -> None:
        """Kill the child and whatever else is in its session."""
        _kill_session(self.pid)
        self.popen.wait()


@contextmanager
def running(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    cores: Sequence[int] | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Iterator[Child]:
    """Start `command` in a session of its own and stop it at the end, whatever happens.

    Args:
        name: what messages call it.
        log: file that takes its stdout and stderr.
        cores: the cores it may run on; all of them if None.
        environment: added to this process's own, which loses the settings of the system.
        folder: working folder; this process's own if None.

    The child is told to end when its parent dies, even by SIGKILL; to be exact, when the thread dies that
    started it, so call this from one that lives as long. Ctrl-C at the terminal does not reach the child: the
    parent alone decides in which order things stop.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        popen = subprocess.Popen(  # noqa: S603 - our own commands, no shell
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**_inherited(), **(environment or {})},
            cwd=folder,
            start_new_session=True,
            preexec_fn=_bound_to_parent(os.getpid(), cores),
        )
    child = Child(name, log, popen)
    try:
        yield child
    finally:
        try:
            child.stop()
        except BaseException:  # Ctrl-C, while it was given time to end by itself
            child.kill()
            raise


def _inherited() -> dict[str, str]:
    """The environment of this process, less what it may have of the system's settings and of Locust's.

    Those of a run are given: one that was once exported in a shell would creep into it, and not be recorded.
    """
    return {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}


def _bound_to_parent(parent: int, cores: Sequence[int] | None) -> Callable[[], None]:
    """What the child does between fork and exec. `_LIBC` is loaded beforehand: nothing is imported there."""

    def prepare() -> None:
        if hasattr(_LIBC, "prctl"):
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it was gone before the signal could be asked for
            os._exit(1)
        if cores is not None and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, cores)

    return prepare


def _kill_session(leader: int) -> None:
    """Kill what a child left running: the members of its process group."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def how_it_ended(status: int) -> str:
    """`status` of subprocess in words."""
    if status < 0:
        return f"was killed by {signal.Signals(-status).name}"
    return f"ended with exit code {status}"


def end_of(log: Path) -> str:
    """The last lines of a log, indented, under a line that says where the whole is."""
    lines = log.read_text(errors="replace").splitlines()[-_LOG_LINES_SHOWN:] if log.exists() else []
    if not lines:
        return f"Its log is empty: {log}"
    return "\n".join([f"The end of its log, {log}:", *(f"  | {line}" for line in lines)])

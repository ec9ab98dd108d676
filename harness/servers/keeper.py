"""The process that owns the embedded servers: it starts them, waits, and clears them away.

It runs in a session of its own, where Ctrl-C does not reach it, and reads from a pipe that the asking process
holds. However that process ends, by itself, by an error, by Ctrl-C, by kill -9, the pipe ends with it: the
servers are always stopped and their folder removed by the same few lines.

    python -m harness.servers.keeper '{"postgres": "..", "redis": "..", "cores": [0]}'

prints one line when both servers are ready, a `Report` in JSON or {"error": ".."}, and ends with its stdin.
An `r` on its stdin is a fault to play: Redis is killed and started again, and another line says so.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import sys
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from harness.servers import launch

_LONGEST_SOCKET_NAME = 107  # bytes; the kernel's limit
_PR_SET_CHILD_SUBREAPER = 36
RESTART_REDIS = b"r"  # on stdin


@dataclass(frozen=True)
class Request:
    """The programs to start, and the cores they may run on (None: all)."""

    postgres: str
    redis: str
    cores: list[int] | None


@dataclass(frozen=True)
class Report:
    """What was started, in which folder: there are the sockets and the logs."""

    folder: str
    postgres_pid: int
    redis_pid: int


def main() -> None:
    request = Request(**json.loads(sys.argv[1]))
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    if request.cores is not None:
        os.sched_setaffinity(0, request.cores)
    _adopt_orphans()
    try:
        with ExitStack() as at_the_end:
            try:
                running = _start(request, at_the_end)
                _tell(running.report())
                while sys.stdin.buffer.read(1) == RESTART_REDIS:
                    running.restart_redis(at_the_end)
                    _tell(running.report())
            finally:
                _let_nothing_interrupt()
    except launch.LaunchError as error:
        _tell({"error": str(error)})


def _tell(answer: dict[str, object]) -> None:
    print(json.dumps(answer), flush=True)  # noqa: T201 - the answer to the asking process


@dataclass
class _Running:
    """Both servers, in their folder."""

    folder: Path
    redis_program: Path
    redis: launch.Server
    postgres: launch.Server

    def report(self) -> dict[str, object]:
        return asdict(Report(str(self.folder), self.postgres.process.pid, self.redis.process.pid))

    def restart_redis(self, at_the_end: ExitStack) -> None:
        self.redis.process.kill()
        self.redis.process.wait()
        self.redis = launch.redis(self.redis_program, self.folder)
        at_the_end.callback(self.redis.stop)
        self.redis.await_ready(lambda: launch.redis_is_ready(self.folder))


def _start(request: Request, at_the_end: ExitStack) -> _Running:
    """Start both servers; what undoes each step is in `at_the_end` before the step can fail."""
    folder = _new_folder()
    at_the_end.callback(shutil.rmtree, folder)
    at_the_end.callback(launch.release_shared_memory, folder)
    at_the_end.callback(_end_orphans)
    redis = launch.redis(Path(request.redis), folder)
    at_the_end.callback(redis.stop)
    postgres = launch.postgres(Path(request.postgres), folder)
    at_the_end.callback(postgres.stop)
    redis.await_ready(lambda: launch.redis_is_ready(folder))
    postgres.await_ready(lambda: launch.postgres_is_ready(folder))
    return _Running(folder, Path(request.redis), redis, postgres)


def _new_folder() -> Path:
    """A folder on a disk. Not in /tmp: where that is in memory, fsync is free and flatters every figure."""
    parent = Path(os.environ.get("TMPDIR", "/var/tmp")).absolute()  # noqa: S108 - mkdtemp below is safe
    if not parent.is_dir():
        raise launch.LaunchError(f"there is no folder {parent} for the servers' data: set TMPDIR to one")
    socket_name = parent / "dropday-12345678" / f".s.PGSQL.{launch.POSTGRES_PORT}"
    if len(os.fsencode(socket_name)) > _LONGEST_SOCKET_NAME:
        raise launch.LaunchError(
            f"the name of a socket in {parent} would be longer than the {_LONGEST_SOCKET_NAME} bytes that "
            f"the kernel allows: set TMPDIR to a folder with a shorter name"
        )
    return Path(tempfile.mkdtemp(prefix="dropday-", dir=parent))


def _adopt_orphans() -> None:
    """Become the parent of processes whose own parent dies, such as the backends of a killed postmaster."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def _end_orphans() -> None:
    for orphan in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            orphan.kill()
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def _let_nothing_interrupt() -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    main()

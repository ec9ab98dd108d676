"""Servers from the Python environment itself: no Docker, no installation, nothing left behind.

The servers belong to a process of their own, the keeper (`keeper.py`), which clears them away however this
process ends.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import psutil

from harness.errors import RunError
from harness.servers import binaries, launch, probe
from harness.servers.keeper import RESTART_REDIS, Report, Request
from harness.servers.port import Endpoints, ServerDiedError, Servers


@dataclass(frozen=True)
class _Watched:
    name: str
    process: psutil.Process
    log: Path

    def is_alive(self) -> bool:
        return bool(self.process.is_running() and self.process.status() != psutil.STATUS_ZOMBIE)


class EmbeddedServers(Servers):
    """PostgreSQL 18 and Redis from wheels, on unix sockets in a temporary folder.

    The folder is made in TMPDIR, or else in /var/tmp. `cores`: those the servers may run on; all if None.
    """

    def __init__(self, cores: Sequence[int] | None = None) -> None:
        self._cores = cores

    def __enter__(self) -> Endpoints:
        self._keeper = _start_keeper(self._cores)
        try:
            self._take_up(_report_of(self._keeper))
            return self.endpoints
        except BaseException:
            self._end_keeper()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_keeper()
        shutil.rmtree(self._folder, ignore_errors=True)  # it is gone, unless the keeper was killed

    def check(self) -> None:
        for server in self._watched:
            if not server.is_alive():
                raise ServerDiedError(
                    f"{server.name} (process {server.process.pid}) died while it was in use. "
                    f"The last line of its log: {_last_line(server.log)}"
                )

    def restart_redis(self) -> None:
        """A fault to play: kill Redis (SIGKILL) and start it again in the same place, with nothing in it.

        Raises:
            RunError: it did not start.
        """
        assert self._keeper.stdin is not None  # noqa: S101 - it was opened as a pipe
        self._keeper.stdin.write(RESTART_REDIS)
        self._keeper.stdin.flush()
        self._take_up(_report_of(self._keeper))

    def _take_up(self, report: Report) -> None:
        """Watch and tell of what runs now."""
        self._folder = Path(report.folder)
        self._watched = (
            _Watched("PostgreSQL", psutil.Process(report.postgres_pid), self._folder / "postgres.log"),
            _Watched("Redis", psutil.Process(report.redis_pid), self._folder / "redis.log"),
        )
        self.endpoints = _endpoints(report)

    def _end_keeper(self) -> None:
        """Wait until all is cleared away. A byte asks for it: a child of ours may hold the pipe open."""
        self._keeper.communicate(b"\n")


def _start_keeper(cores: Sequence[int] | None) -> subprocess.Popen[bytes]:
    request = Request(
        postgres=str(binaries.postgres_installation()),
        redis=str(binaries.redis_server()),
        cores=None if cores is None else list(cores),
    )
    return subprocess.Popen(  # noqa: S603 - this program, no shell
        [sys.executable, "-m", "harness.servers.keeper", json.dumps(asdict(request))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )


def _report_of(keeper: subprocess.Popen[bytes]) -> Report:
    assert keeper.stdout is not None  # noqa: S101 - it was opened as a pipe
    line = keeper.stdout.readline()
    if not line:
        raise RunError("The keeper of the embedded servers ended without a word; what it printed is above.")
    answer = json.loads(line)
    if "error" in answer:
        raise RunError(f"The embedded servers did not start: {answer['error']}.")
    return Report(**answer)


def _endpoints(report: Report) -> Endpoints:
    folder = quote(report.folder)  # in TMPDIR, whose name may have any character
    database_url = f"postgresql://postgres@/postgres?host={folder}&port={launch.POSTGRES_PORT}"
    redis_url = f"unix://{folder}/redis.sock"
    return Endpoints(
        database_url=database_url,
        redis_url=redis_url,
        postgres_pid=report.postgres_pid,
        redis_pid=report.redis_pid,
        versions=probe.versions(database_url, redis_url),
    )


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1].strip() if lines else "none"

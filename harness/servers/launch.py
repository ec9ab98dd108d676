"""Start PostgreSQL and Redis in a folder of their own, on unix sockets, and know when they are ready."""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

POSTGRES_PORT = 5432  # in the name of the socket; nothing listens on TCP
_CONFIGURATION = Path(__file__).parent
_ENVIRONMENT = {
    "PATH": os.defpath,
    "LC_ALL": "C",
}  # not ours: the likes of PGPORT would change what is started
_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1
_START_WITHIN_S = 30.0
_STOP_WITHIN_S = 10.0
_POLL_S = 0.005
_LOG_LINES_SHOWN = 5


class LaunchError(Exception):
    """A server could not be started; the message says what it printed."""


class _Account(TypedDict, total=False):
    """The arguments of subprocess which choose the user that a child runs as; none: the same user."""

    user: int
    group: int
    extra_groups: Sequence[int]


@dataclass(frozen=True)
class Server:
    """A running server. `stop_signal` ends it at once: its data is not kept."""

    name: str
    log: Path
    process: subprocess.Popen[bytes]
    stop_signal: signal.Signals

    def await_ready(self, is_ready: Callable[[], bool]) -> None:
        """Return as soon as `is_ready()`.

        Raises:
            LaunchError: it ended instead, or took too long.
        """
        deadline = time.monotonic() + _START_WITHIN_S
        while not is_ready():
            if self.process.poll() is not None:
                raise LaunchError(f"{self.name} ended while it was starting: {_end_of(self.log)}")
            if time.monotonic() > deadline:
                raise LaunchError(
                    f"{self.name} was not ready after {_START_WITHIN_S:g} s: {_end_of(self.log)}"
                )
            self._ends_within(_POLL_S)  # between two looks

    def _ends_within(self, seconds: float) -> bool:
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> None:
        """End it, and wait for its end."""
        self.process.send_signal(self.stop_signal)
        if not self._ends_within(_STOP_WITHIN_S):
            self.process.kill()
            self.process.wait()


def postgres(installation: Path, folder: Path) -> Server:
    """Make a new database cluster in `folder`/data and start PostgreSQL on it, with its socket in `folder`.

    Raises:
        LaunchError: initdb failed, or the server cannot be executed.
    """
    account = _unprivileged_account()
    if account:
        os.chown(folder, account["user"], account["group"])
        installation = _readable_by(account, installation, folder)
    data, log = folder / "data", folder / "postgres.log"
    _initialise(installation, data, account)
    shutil.copyfile(_CONFIGURATION / "postgresql.conf", data / "postgresql.conf")
    only_a_socket: list[str | Path] = ["-h", "", "-k", folder, "-p", str(POSTGRES_PORT)]
    command = [installation / "bin" / "postgres", "-D", data, *only_a_socket]
    # SIGQUIT ends without a checkpoint
    return Server("PostgreSQL", log, _start(command, log, signal.SIGQUIT, account), signal.SIGQUIT)


def postgres_is_ready(folder: Path) -> bool:
    """Whether PostgreSQL takes connections: the last line of its pid file says so."""
    pid_file = folder / "data" / "postmaster.pid"
    return pid_file.exists() and pid_file.read_text().rstrip().endswith("ready")


def release_shared_memory(folder: Path) -> None:
    """Remove the System V segment that PostgreSQL leaves, like its pid file, only when it was killed."""
    pid_file = folder / "data" / "postmaster.pid"
    if not pid_file.exists():
        return
    lines = pid_file.read_text().splitlines()
    if len(lines) > 6 and lines[6].split():
        segment = int(lines[6].split()[1])
        _LIBC.shmctl(segment, 0, None)  # 0 is IPC_RMID


def redis(program: Path, folder: Path) -> Server:
    """Start Redis with its socket, `redis.sock`, in `folder`.

    Raises:
        LaunchError: it cannot be executed.
    """
    log = folder / "redis.log"
    only_a_socket: list[str | Path] = ["--port", "0", "--unixsocket", folder / "redis.sock"]
    command = [program, _CONFIGURATION / "redis.conf", "--dir", folder, *only_a_socket]
    return Server("Redis", log, _start(command, log, signal.SIGTERM, _Account()), signal.SIGTERM)


def redis_is_ready(folder: Path) -> bool:
    """Whether Redis answers a PING."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(folder / "redis.sock"))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def _unprivileged_account() -> _Account:
    """PostgreSQL refuses to run as root, where it could do the most harm; root lets `nobody` run it."""
    if os.geteuid() != 0:
        return _Account()
    nobody = pwd.getpwnam("nobody")
    return _Account(user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[])


def _readable_by(account: _Account, installation: Path, folder: Path) -> Path:
    """The installation, or a copy where the account cannot reach it: below /root, for instance.

    A copy (half a second) rather than wider permissions on somebody's folders.
    """
    try:
        subprocess.run(  # noqa: S603 - no shell
            [installation / "bin" / "postgres", "--version"], check=True, capture_output=True, **account
        )
    except (PermissionError, subprocess.CalledProcessError):
        libraries = f"{installation.parent.name}.libs"  # the programs look for them relative to themselves
        package = folder / "software" / installation.parent.name
        not_needed = shutil.ignore_patterns("include")
        shutil.copytree(installation, package / installation.name, symlinks=True, ignore=not_needed)
        shutil.copytree(installation.parent.parent / libraries, package.parent / libraries, symlinks=True)
        for path in (package.parent, *package.parent.rglob("*")):
            os.chown(path, account["user"], account["group"], follow_symlinks=False)
        return package / installation.name
    return installation


def _initialise(installation: Path, data: Path, account: _Account) -> None:
    """Run initdb. What it makes need not be synced to disk: only orders are worth that."""
    options = ["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
    done = subprocess.run(  # noqa: S603 - no shell
        [installation / "bin" / "initdb", "-D", data, *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=data.parent,
        env=_ENVIRONMENT,
        **account,
    )
    if done.returncode != 0:
        raise LaunchError(f"initdb of PostgreSQL failed: {_end_of_text(done.stdout)}")


def _start(
    command: Sequence[str | Path], log: Path, when_abandoned: signal.Signals, account: _Account
) -> subprocess.Popen[bytes]:
    """Start a server that gets the signal `when_abandoned` should this process be killed."""

    def bind_to_parent() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, when_abandoned)

    with log.open("wb") as output:
        try:
            return subprocess.Popen(  # noqa: S603 - no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=log.parent,
                env=_ENVIRONMENT,
                preexec_fn=bind_to_parent,
                **account,
            )
        except OSError as error:
            raise LaunchError(f"{command[0]} cannot be executed: {error.strerror}") from error


def _end_of(log: Path) -> str:
    return _end_of_text(log.read_text(errors="replace"))


def _end_of_text(text: str) -> str:
    return " | ".join(text.strip().splitlines()[-_LOG_LINES_SHOWN:]) or "it printed nothing"

"""The system under test as the harness sees it: a process to start, stock and drain."""

from __future__ import annotations

import http.client
import os
import random
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.errors import RunError, UsageError
from harness.processes import Child, running
from scenarios.admin import Admin, AdminError
from scenarios.scenario import Scenario

_HOST = "127.0.0.1"
_QUIET_PORTS = range(20_000, 32_000)  # below those that the system hands to outgoing connections
_READY_WITHIN_S = 30.0
_DRAIN_WITHIN_S = 60.0


@dataclass(frozen=True)
class Shop:
    """A running system with one strategy."""

    process: Child
    port: int
    admin_key: str
    strategy: str

    @property
    def url(self) -> str:
        return f"http://{_HOST}:{self.port}"

    def reset(self, scenario: Scenario, *, shoppers: int) -> None:
        """Empty the shop, then stock what `scenario` sells and register shoppers 0 up to `shoppers`.

        Raises:
            RunError: the system refused, or was not there.
        """
        with self._named_errors():
            Admin(self.url, self.admin_key).reset(scenario, shoppers)

    def tokens(self, shoppers: int) -> tuple[str, ...]:
        """The bearer tokens of shoppers 0 up to `shoppers`.

        Raises:
            RunError: the system refused, or was not there.
        """
        with self._named_errors():
            return tuple(Admin(self.url, self.admin_key).tokens(shoppers))

    def is_ready(self) -> bool:
        """Whether it takes orders now."""
        connection = http.client.HTTPConnection(_HOST, self.port, timeout=1)
        with closing(connection):
            try:
                connection.request("GET", "/health/ready")
                return connection.getresponse().status == http.HTTPStatus.OK
            except (OSError, http.client.HTTPException):
                return False

    def drain(self) -> None:
        """Let the system finish every request it has begun, and end; afterwards nothing is in flight.

        Raises:
            RunError: it did not finish in time.
        """
        if not self.process.stop(grace_s=_DRAIN_WITHIN_S):
            raise RunError(f"{self.process.name} still had orders in flight after {_DRAIN_WITHIN_S:g} s")

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        """A system that died says so in its log: that tells more than a connection refused."""
        try:
            yield
        except AdminError as error:
            self.process.check()
            raise RunError(f"{self.process.name}: {error}") from error


def migrate(database_url: str) -> None:
    """Bring the schema of a database up to date; a new one gets all of it.

    Raises:
        RunError: the system's migrations failed.
    """
    command = [sys.executable, "-m", "system", "migrate"]
    servers = {"DROPDAY_DATABASE_URL": database_url, "DROPDAY_REDIS_URL": "redis://not-needed"}
    ended = subprocess.run(  # noqa: S603 - our own command
        command, env=os.environ | servers, capture_output=True, text=True, check=False
    )
    if ended.returncode != 0:
        raise RunError(f"`{' '.join(command)}` failed:\n{ended.stderr}")


@contextmanager
def open_shop(
    strategy: str,
    *,
    database_url: str,
    redis_url: str,
    workers: int,
    pool_size: int,
    cores: Sequence[int],
    log: Path,
    port: int | None = None,
) -> Iterator[Shop]:
    """Start the system with `strategy`, wait until it takes orders, and stop it at the end.

    Args:
        port: on 127.0.0.1; a free one if None.

    Raises:
        RunError: the system died (as it does where its port is taken) or was not ready in time.
    """
    port = port or _some_free_port()
    admin_key = secrets.token_urlsafe(24)
    environment = {
        "DROPDAY_ENVIRONMENT": "development",
        "DROPDAY_DATABASE_URL": database_url,
        "DROPDAY_REDIS_URL": redis_url,
        "DROPDAY_STRATEGY": strategy,
        "DROPDAY_WORKERS": str(workers),
        "DROPDAY_POOL_SIZE": str(pool_size),
        "DROPDAY_HOST": _HOST,
        "DROPDAY_PORT": str(port),
        "DROPDAY_ADMIN_KEY": admin_key,
        "DROPDAY_JWT_SECRET": secrets.token_urlsafe(48),
    }
    command = [sys.executable, "-m", "system"]
    with running(
        f"the system ({strategy})", command, log=log, cores=cores, environment=environment
    ) as process:
        shop = Shop(process, port, admin_key, strategy)
        process.await_ready(shop.is_ready, within_s=_READY_WITHIN_S)
        yield shop


def require_free(port: int) -> None:
    """Do nothing if `port` on 127.0.0.1 can be served.

    Raises:
        UsageError: it cannot.
    """
    if not _bindable(port):
        mend = "choose another with --port, or leave it out for a free one"
        raise UsageError(f"port {port} on {_HOST} is taken or not allowed; {mend}")


def _some_free_port() -> int:
    return next(filter(_bindable, iter(lambda: random.choice(_QUIET_PORTS), None)))  # noqa: S311


def _bindable(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
        return True

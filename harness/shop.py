"""The system under test as the harness sees it: processes to start, stock and drain."""

from __future__ import annotations

import http.client
import os
import random
import secrets
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.axes import Axes
from harness.checkout import THIS, Checkout
from harness.errors import RunError, UsageError
from harness.processes import Child, running
from reports.experiment import StrategyUnderTest
from scenarios.admin import Admin, AdminError
from scenarios.scenario import Scenario

_HOST = "127.0.0.1"
_QUIET_PORTS = range(20_000, 32_000)  # below those that the system hands to outgoing connections
_READY_WITHIN_S = 30.0
_DRAIN_WITHIN_S = 60.0


@dataclass(frozen=True)
class Shop:
    """A running system with one strategy. `consumer` decides the orders that the strategy queues."""

    process: Child
    consumer: Child | None
    port: int
    admin_key: str
    strategy: StrategyUnderTest

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

    def withdraw(self, product: str, *, first_shopper: int) -> None:
        """Remove a product and the shoppers from a number on, who bought nothing else, and all that they did.

        Raises:
            RunError: the system refused, or was not there.
        """
        with self._named_errors():
            Admin(self.url, self.admin_key).withdraw(product, first_shopper)

    def tokens(self, shoppers: int, *, first: int = 0) -> tuple[str, ...]:
        """The bearer tokens of so many shoppers, the first of them number `first`.

        Raises:
            RunError: the system refused, or was not there.
        """
        with self._named_errors():
            return tuple(Admin(self.url, self.admin_key).tokens(shoppers, first=first))

    def await_ready(self) -> None:
        """Return as soon as it takes orders.

        Raises:
            RunError: the system died (as it does where its port is taken) or was not ready in time.
        """
        self.process.await_ready(self.is_ready, within_s=_READY_WITHIN_S)

    def is_ready(self) -> bool:
        """Whether it takes orders now."""
        connection = http.client.HTTPConnection(_HOST, self.port, timeout=1)
        with closing(connection):
            try:
                connection.request("GET", "/health/ready")
                return connection.getresponse().status == http.HTTPStatus.OK
            except (OSError, http.client.HTTPException):
                return False

    def check(self) -> None:
        """Do nothing while all of it runs.

        Raises:
            ProcessDiedError: a process of it has ended.
        """
        self.process.check()
        if self.consumer:
            self.consumer.check()

    def drain(self) -> None:
        """Let the system finish every request it has begun, decide every order it has queued, and end.

        Raises:
            RunError: it did not finish in time, or the consumer ended badly.
        """
        if not self.process.stop(grace_s=_DRAIN_WITHIN_S):
            raise RunError(f"{self.process.name} still had orders in flight after {_DRAIN_WITHIN_S:g} s")
        if self.consumer:
            self.consumer.popen.terminate()
            self.consumer.await_end(within_s=_DRAIN_WITHIN_S)

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        """A system that died says so in its log: that tells more than a connection refused."""
        try:
            yield
        except AdminError as error:
            self.check()
            raise RunError(f"{self.process.name}: {error}") from error


def migrate(database_url: str, checkout: Checkout = THIS) -> None:
    """Bring the schema of a database up to date; a new one gets all of it.

    Raises:
        RunError: the system's migrations failed.
    """
    _run("migrate", checkout, database_url=database_url, redis_url="redis://not-needed")


def reconcile(database_url: str, redis_url: str) -> None:
    """Set right what Redis says of stock and holds, from what PostgreSQL says.

    Raises:
        RunError: the system could not.
    """
    _run("reconcile", THIS, database_url=database_url, redis_url=redis_url)


def _run(name: str, checkout: Checkout, *, database_url: str, redis_url: str) -> None:
    """A command of the system that comes to its end by itself."""
    command = checkout.command(name)
    servers = {"DROPDAY_DATABASE_URL": database_url, "DROPDAY_REDIS_URL": redis_url}
    environment = os.environ | checkout.environment | servers
    ended = subprocess.run(  # noqa: S603 - our own command
        command, env=environment, capture_output=True, text=True, check=False
    )
    if ended.returncode != 0:
        raise RunError(f"`{' '.join(command)}` failed:\n{ended.stderr}")


@contextmanager
def open_shop(
    strategy: StrategyUnderTest,
    *,
    database_url: str,
    redis_url: str,
    axes: Axes,
    cores: Sequence[int],
    log: Path,
    port: int | None = None,
) -> Iterator[Shop]:
    """Start the system with `strategy`, wait until it takes orders, and stop it at the end.

    Args:
        log: file that takes what the system prints. What a consumer prints goes to one beside it.
        port: on 127.0.0.1; a free one if None.

    Raises:
        RunError: the system died (as it does where its port is taken) or was not ready in time.
    """
    started = start_shop(
        strategy,
        database_url=database_url,
        redis_url=redis_url,
        axes=axes,
        cores=cores,
        log=log,
        port=port,
        checkout=THIS,
    )
    with started as shop:
        shop.await_ready()
        yield shop


@contextmanager
def start_shop(
    strategy: StrategyUnderTest,
    *,
    database_url: str,
    redis_url: str,
    axes: Axes,
    cores: Sequence[int] | None,
    log: Path,
    port: int | None,
    checkout: Checkout,
) -> Iterator[Shop]:
    """`open_shop` of any checkout, which does not wait until the shop takes orders."""
    port = port or _some_free_port()
    admin_key = secrets.token_urlsafe(24)
    environment = axes.environment | checkout.environment
    environment |= {
        "DROPDAY_ENVIRONMENT": "development",
        "DROPDAY_DATABASE_URL": database_url,
        "DROPDAY_REDIS_URL": redis_url,
        "DROPDAY_STRATEGY": strategy.name,
        "DROPDAY_HOST": _HOST,
        "DROPDAY_PORT": str(port),
        "DROPDAY_ADMIN_KEY": admin_key,
        "DROPDAY_JWT_SECRET": secrets.token_urlsafe(48),
    }

    def started(name: str, command: str, log: Path) -> Child:
        arguments = checkout.command(command)
        child = running(f"{name} ({strategy.name})", arguments, log=log, cores=cores, environment=environment)
        return processes.enter_context(child)

    with ExitStack() as processes:
        process = started("the system", "serve", log)
        consumer = None
        if strategy.ack == "queued":
            consumer = started("the consumer", "consume", log.with_stem(f"{log.stem}-consumer"))
        yield Shop(process, consumer, port, admin_key, strategy)


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

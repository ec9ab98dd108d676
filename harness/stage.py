"""Where everything happens: servers that run, the cores, and shops that open and close on them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness import cpu
from harness.axes import Axes
from harness.servers import Endpoints, Kind, Servers, open_servers
from harness.shop import Shop, migrate, open_shop
from reports.experiment import StrategyUnderTest


@dataclass(frozen=True)
class Stage:
    """Servers, and what every shop on them has in common.

    The servers and the shop share `system_cores`; whatever sends requests has `generator_cores`.
    """

    servers: Servers
    axes: Axes
    system_cores: tuple[int, ...]
    generator_cores: tuple[int, ...]

    @property
    def endpoints(self) -> Endpoints:
        """Where the servers are now."""
        return self.servers.endpoints

    def shop(
        self, strategy: StrategyUnderTest, *, log: Path, port: int | None = None
    ) -> AbstractContextManager[Shop]:
        """The system with `strategy`, open for orders; see `open_shop`."""
        return open_shop(
            strategy,
            database_url=self.endpoints.database_url,
            redis_url=self.endpoints.redis_url,
            axes=self.axes,
            cores=self.system_cores,
            log=log,
            port=port,
        )

    def check(self, shop: Shop) -> None:
        """Do nothing while the servers and the shop live.

        Raises:
            RunError: one of them died; the message says which, and what its log said last.
        """
        self.servers.check()
        shop.check()

    @property
    def metered(self) -> bool:
        """Whether the CPU time of every role can be had here."""
        return cpu.measurable() and None not in (self.endpoints.postgres_pid, self.endpoints.redis_pid)

    def roles(self, shop: Shop) -> dict[str, tuple[int, ...]]:
        """The root processes of each role of the system, as far as they are on this machine."""
        processes = {
            "worker": shop.process.pid,
            "consumer": shop.consumer.pid if shop.consumer else None,
            "database": self.endpoints.postgres_pid,
            "redis": self.endpoints.redis_pid,
        }
        return {role: (pid,) for role, pid in processes.items() if pid is not None}


@contextmanager
def on_stage(kind: Kind, axes: Axes) -> Iterator[Stage]:
    """Start the servers of a provider, bring the schema up to date, and stop them at the end.

    Raises:
        UsageError: the provider cannot work here.
        RunError: a server did not start, or the schema could not be made.
    """
    with on_bare_stage(kind, axes) as stage:
        migrate(stage.endpoints.database_url)
        yield stage


@contextmanager
def on_bare_stage(kind: Kind, axes: Axes) -> Iterator[Stage]:
    """The same without the schema."""
    system_cores, generator_cores = cpu.split_cores()
    servers = open_servers(kind, cores=system_cores)
    with servers:
        yield Stage(servers, axes, system_cores, generator_cores)

"""The port behind which PostgreSQL and Redis come from: what a provider gives, and what can go wrong."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType

from harness.errors import RunError


class ServerDiedError(RunError):
    """A server ended while it was in use; the message has its name and the last that its log said."""


@dataclass(frozen=True)
class Endpoints:
    """Where the servers are. A process id is None where the process is not on this machine.

    `postgres_pid` is the postmaster: every backend is a child of it. `versions` has the
    keys postgres and redis.
    """

    database_url: str
    redis_url: str
    postgres_pid: int | None
    redis_pid: int | None
    versions: Mapping[str, str]


class Servers(ABC):
    """PostgreSQL and Redis, there from enter to exit, and until then at `endpoints`."""

    endpoints: Endpoints

    @abstractmethod
    def __enter__(self) -> Endpoints:
        """Have the servers ready to be used.

        Raises:
            UsageError: this provider cannot work here, or was given something wrong.
            RunError: a server did not start.
        """

    @abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave nothing behind of what was started; return when all of it is gone."""

    @abstractmethod
    def check(self) -> None:
        """Do nothing while the servers live.

        Raises:
            ServerDiedError: one has ended.
        """

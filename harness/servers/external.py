"""Servers that somebody else runs: DATABASE_URL and REDIS_URL say where."""

from __future__ import annotations

import os
from types import TracebackType

from harness.errors import UsageError
from harness.servers import probe
from harness.servers.port import Endpoints, ServerDiedError, Servers

_EXAMPLES = {
    "DATABASE_URL": "postgresql://user:password@127.0.0.1:5432/dropday",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
}


class ExternalServers(Servers):
    """The servers at DATABASE_URL and REDIS_URL of the environment, which are left running.

    Asking whether they are alive takes a new connection to each.
    """

    def __enter__(self) -> Endpoints:
        database_url, redis_url = (_from_environment(name) for name in _EXAMPLES)
        self.endpoints = Endpoints(
            database_url=database_url,
            redis_url=redis_url,
            postgres_pid=None,
            redis_pid=None,
            versions=probe.versions(database_url, redis_url),
        )
        return self.endpoints

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing of ours is there to end."""

    def check(self) -> None:
        try:
            probe.versions(self.endpoints.database_url, self.endpoints.redis_url)
        except UsageError as error:
            raise ServerDiedError(f"An external server went away. {error}") from error


def _from_environment(name: str) -> str:
    url = os.environ.get(name)
    if not url:
        raise UsageError(
            f"{name} is not set, and SERVERS=external needs it. For example: {name}={_EXAMPLES[name]} "
            f"(or use the embedded servers, which need nothing)."
        )
    return url

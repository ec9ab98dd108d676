"""PostgreSQL and Redis for a run, from one of three providers behind one small port.

with open_servers("embedded", cores=[0]) as endpoints:
    ...  # endpoints.database_url, endpoints.redis_url
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from harness.servers.port import Endpoints, ServerDiedError, Servers

__all__ = ["Endpoints", "Kind", "ServerDiedError", "Servers", "open_servers"]


Kind = Literal["embedded", "docker", "external"]


def open_servers(kind: Kind, *, cores: Sequence[int] | None = None) -> Servers:
    """The servers of a provider, not yet started: `with` starts them and stops them.

    Args:
        kind: `embedded`, from the Python environment; `docker`, in containers; `external`, where DATABASE_URL
            and REDIS_URL say.
        cores: the cores they may run on; all if None. External servers run where they are.
    """
    # imported here: the keeper, which imports this package, has no use for the providers and their clients
    match kind:
        case "embedded":
            from harness.servers.embedded import EmbeddedServers

            return EmbeddedServers(cores)
        case "docker":
            from harness.servers.docker import DockerServers

            return DockerServers(cores)
        case "external":
            from harness.servers.external import ExternalServers

            return ExternalServers()

"""Faults that are played in the middle of a run."""

from __future__ import annotations

from dataclasses import dataclass

from harness.servers.embedded import EmbeddedServers


@dataclass(frozen=True)
class RedisForgets:
    """Redis is killed at the second `at_s` of the run and is back at once, in the same place, empty."""

    at_s: float
    servers: EmbeddedServers

    def play(self) -> None:
        """Let it happen.

        Raises:
            RunError: Redis did not come back.
        """
        self.servers.restart_redis()

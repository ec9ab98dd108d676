"""Plays races as a process, for the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from harness.servers import Endpoints
from tests.shops import new_database

PAGE = Path(__file__).parents[1] / "docs" / "races.md"


def race_servers(endpoints: Endpoints, name: str) -> dict[str, str]:
    """A database of its own, and a corner of Redis that no shop of the tests uses."""
    url = new_database(endpoints.database_url, name)
    return {"DROPDAY_DATABASE_URL": url, "DROPDAY_REDIS_URL": endpoints.redis_url}


def play(servers: dict[str, str], *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`python -m system.races`."""
    return run(sys.executable, "-m", "system.races", *arguments, environment=servers | environment)


def run(*command: str | Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(  # noqa: S603 - our own commands
        command, env=os.environ | environment, capture_output=True, text=True, check=False
    )

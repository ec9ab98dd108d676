"""Races on demand: servers to play on, and the system's own player, started as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache

from harness.errors import RunError, UsageError
from harness.servers import Kind, open_servers
from harness.shop import migrate
from scenarios.complaints import nearest

_PLAYER = [sys.executable, "-m", "system.races"]


@cache
def known() -> dict[str, str]:
    """The titles of all races, by name, in the order of the system's own list; asked once."""
    answer = subprocess.run([*_PLAYER, "list"], capture_output=True, text=True, check=True)  # noqa: S603
    titles: dict[str, str] = json.loads(answer.stdout)
    return titles


def play(name: str | None, *, every: bool, as_page: bool, servers: Kind) -> int:
    """Play the race called `name`, or every one; what is played goes to stdout.

    Args:
        as_page: all of it in Markdown.

    Returns:
        0 if every scene ended as it should, else 1.

    Raises:
        UsageError: no race has this name, or neither or both ways to choose were used.
        RunError: the servers did not start, or the player failed.
    """
    arguments = [*(["--markdown"] if as_page else []), *_chosen(name, every=every)]
    with open_servers(servers) as endpoints:
        migrate(endpoints.database_url)
        environment = {
            "DROPDAY_DATABASE_URL": endpoints.database_url,
            "DROPDAY_REDIS_URL": endpoints.redis_url,
        }
        played = subprocess.run([*_PLAYER, *arguments], env=os.environ | environment, check=False)  # noqa: S603
    if played.returncode not in (0, 1):
        raise RunError(f"`{' '.join(_PLAYER)}` ended with exit code {played.returncode}; it said why above")
    return played.returncode


def _chosen(name: str | None, *, every: bool) -> list[str]:
    """What the player is to be given: one name, or none for all."""
    if (name is None) is not every:
        raise UsageError("name one race, or give --all; --list shows their names")
    if name is None:
        return []
    if name not in known():
        raise UsageError(f"no race {name!r}{nearest(name, known()) or ';'} --list shows all {len(known())}")
    return [name]

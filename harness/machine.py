"""What ran where: the machine, the versions, the commit; so that a figure can be told from another's."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import psutil

from reports.experiment import Git, Machine

_GIB = 2**30
_PACKAGES = (
    "fastapi",
    "uvicorn",
    "uvloop",
    "asyncpg",
    "sqlalchemy",
    "redis",
    "locust",
    "gevent",
    "simpy",
    "numpy",
)
_CPU_INFO = Path("/proc/cpuinfo")


def machine(servers: Mapping[str, str] | None) -> Machine:
    """This machine. `servers`: the versions of postgres and redis, if they were used."""
    return Machine(
        cpu=_cpu(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory_gib=round(psutil.virtual_memory().total / _GIB, 1),
        os=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        **(servers or {}),
    )


def now() -> str:
    """This moment as ISO 8601, to the second, with the offset from UTC."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def versions() -> dict[str, str]:
    """The packages whose version moves the figures."""
    return {package: importlib.metadata.version(package) for package in _PACKAGES}


def git() -> Git:
    """The code that runs, as far as git knows."""
    commit = _git("rev-parse", "HEAD")
    return Git(commit=commit or None, dirty=bool(_git("status", "--porcelain", "--untracked-files=no")))


def _git(*arguments: str) -> str:
    folder = Path(__file__).parent
    try:
        command = ["git", "-C", str(folder), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
    except (OSError, subprocess.CalledProcessError):  # no git, or no checkout
        return ""


def _cpu() -> str:
    lines = _CPU_INFO.read_text().splitlines() if _CPU_INFO.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())

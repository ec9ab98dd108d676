"""Locust as a process: how tests start it, wait for it, and press its buttons."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from harness.shop import Shop
from scenarios.conditions import GeneratorLog
from tests.waiting import eventually

WITHIN_S = 120

DROP = """
name = "small_drop"
summary = "About two hundred come within a second for seven pairs; a quarter of them are bots."
max_lateness_p99_ms = 10_000

[arrivals]
shape = "constant"
per_s = 200
duration_s = 1

[[products]]
id = "dunk"
name = "Dunk"
price_won = 100_000
sizes = [{ size = "270", units = 4 }, { size = "280", units = 3 }]

[shoppers.bots]
share = 0.25
sizes_tried = 2
"""
LONG = DROP.replace("per_s = 200", "per_s = 20").replace("duration_s = 1", "duration_s = 600")

Locust = Callable[..., subprocess.Popen[str]]


@contextmanager
def starting_locust() -> Iterator[Locust]:
    """Starts Locust; none outlives the context."""
    started: list[subprocess.Popen[str]] = []
    locustfile = Path(__file__).parents[1] / "locustfile.py"

    def start(
        *arguments: object, shop: Shop | None = None, folder: Path | None = None
    ) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "locust", "-f", str(locustfile), *map(str, arguments)]
        environment = dict(os.environ)
        if shop:
            command += ["--host", shop.url]
            environment["DROPDAY_ADMIN_KEY"] = shop.admin_key
        process = subprocess.Popen(  # noqa: S603
            command,
            env=environment,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    try:
        yield start
    finally:
        for process in started:
            process.kill()
            process.communicate()


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit code, and all that it printed."""
    output, _ = process.communicate(timeout=WITHIN_S)
    return process.returncode, output


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait for what a process that lives is to bring about."""
    assert eventually(lambda: condition() or process.poll() is not None, WITHIN_S)
    assert condition(), process.communicate()[0]


def log_in(folder: Path) -> GeneratorLog:
    """What Locust recorded there of itself."""
    return GeneratorLog.model_validate_json((folder / "generator.json").read_text())


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def presses_start(page: httpx.Client, url: str) -> bool:
    """Press the button, once there is one."""
    try:
        return bool(page.post("/swarm", data={"host": url}).json()["success"])
    except (httpx.ConnectError, json.JSONDecodeError):
        return False


def shown(page: httpx.Client) -> dict[str, Any]:
    """The figures on the page; they are up to two seconds old."""
    return dict(page.get("/stats/requests").json())

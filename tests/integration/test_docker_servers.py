"""Servers in containers, where there is a Docker engine."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import asyncpg
import docker
import pytest
from docker.errors import DockerException
from redis import Redis

from harness.errors import UsageError
from harness.servers import ServerDiedError, open_servers

A_RUN_OF_ITS_OWN = """
import sys
from harness.servers import open_servers
with open_servers("docker"):
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def engine() -> Iterator[Any]:
    try:
        engine = docker.from_env()
    except DockerException as error:
        pytest.skip(f"no Docker engine: {error}")
    yield engine
    engine.close()


def containers(engine: Any, owner: int) -> list[Any]:
    """The containers of a process, running or not."""
    labelled = engine.containers.list(all=True, filters={"label": "dropday.owner"}, ignore_removed=True)
    return [one for one in labelled if one.labels["dropday.owner"].startswith(f"{owner}@")]


def test_containers_answer_on_the_given_cores_with_our_settings_and_leave_nothing(engine: Any) -> None:
    core = min(os.sched_getaffinity(0))
    with open_servers("docker", cores=[core]) as endpoints:
        cpu_sets = [one.attrs["HostConfig"]["CpusetCpus"] for one in containers(engine, os.getpid())]
        assert cpu_sets == [str(core)] * 2
        assert asyncio.run(shown(endpoints.database_url, "max_connections")) == "200"
        assert asyncio.run(shown(endpoints.database_url, "synchronous_commit")) == "on"
        assert set(endpoints.versions) == {"postgres", "redis"}
        with Redis.from_url(endpoints.redis_url) as redis:
            assert redis.config_get("save") == {"save": ""}
    assert containers(engine, os.getpid()) == []


def test_a_container_that_was_killed_is_reported_with_the_last_line_of_its_log(engine: Any) -> None:
    servers = open_servers("docker")
    with servers:
        servers.check()
        (redis,) = (container for container in containers(engine, os.getpid()) if "redis" in container.name)
        redis.kill()
        with pytest.raises(ServerDiedError, match=rf"{redis.name} died .*Ready to accept connections"):
            servers.check()
    assert containers(engine, os.getpid()) == []


def test_what_a_killed_run_left_is_removed_by_the_next(engine: Any) -> None:
    with subprocess.Popen(  # noqa: S603 - no shell
        [sys.executable, "-c", A_RUN_OF_ITS_OWN], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"ready\n"
        assert len(containers(engine, run.pid)) == 2
        run.kill()
    with open_servers("docker"):
        assert containers(engine, run.pid) == []


def test_an_engine_that_is_not_there_is_named_with_the_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(UsageError, match=r"No Docker engine answers: .* or use the embedded servers"):
        open_servers("docker").__enter__()


async def shown(database_url: str, setting: str) -> str:
    connection = await asyncpg.connect(database_url)
    try:
        return str(await connection.fetchval(f"SHOW {setting}"))
    finally:
        await connection.close()

"""Servers in containers of their own, of the images that docker-compose.yml names."""

from __future__ import annotations

import os
import secrets
import shlex
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import docker
import psutil
import yaml
from docker.errors import APIError, DockerException, NotFound

from harness.errors import RunError, UsageError
from harness.servers import probe
from harness.servers.port import Endpoints, ServerDiedError, Servers

_COMPOSE_FILE = Path(__file__).parents[2] / "docker-compose.yml"
_CONFIGURATIONS = Path(__file__).parent
_OWNER = "dropday.owner"  # label: the process that a container belongs to
_START_WITHIN_S = 60.0
_POLL_S = 0.1

_Container = Any  # docker-py has no types


class DockerServers(Servers):
    """PostgreSQL and Redis in containers, on free ports of 127.0.0.1, with the settings of the embedded ones.

    Their readiness is asked for over the ports. Health checks inside would go on during the run, on the cores
    that are measured. What a run leaves that was killed with SIGKILL, the next one removes.

    `cores`: those the servers may run on; all if None.
    """

    def __init__(self, cores: Sequence[int] | None = None) -> None:
        self._cores = cores

    def __enter__(self) -> Endpoints:
        engine = _engine()
        self._containers: list[_Container] = []
        self._at_the_end = ExitStack()
        self._at_the_end.callback(engine.close)
        try:
            _remove_orphans(engine)
            self.endpoints = self._start_both(engine)
            return self.endpoints
        except BaseException:
            self._at_the_end.close()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._at_the_end.close()

    def check(self) -> None:
        for container in self._containers:
            try:
                container.reload()
                is_alive, log = container.status == "running", container.logs(tail=1).decode(errors="replace")
            except NotFound:
                is_alive, log = False, "none, for its container was removed"
            if not is_alive:
                raise ServerDiedError(
                    f"The container {container.name} died while it was in use. "
                    f"The last line of its log: {log.strip()}"
                )

    def _start_both(self, engine: docker.DockerClient) -> Endpoints:
        password = secrets.token_hex(16)
        command = ["postgres", *_postgres_settings()]
        postgres = self._start(engine, "postgres", 5432, command, {"POSTGRES_PASSWORD": password})
        command = ["redis-server", *_redis_settings(), "--requirepass", password]
        redis = self._start(engine, "redis", 6379, command, {})
        database_url = f"postgresql://postgres:{password}@{_address(postgres)}/postgres"
        redis_url = f"redis://:{password}@{_address(redis)}/0"
        return Endpoints(
            database_url=database_url,
            redis_url=redis_url,
            versions=self._await_versions(database_url, redis_url),
            postgres_pid=_pid(postgres),
            redis_pid=_pid(redis),
        )

    def _start(
        self,
        engine: docker.DockerClient,
        service: str,
        port: int,
        command: Sequence[str],
        environment: Mapping[str, str],
    ) -> _Container:
        image = yaml.safe_load(_COMPOSE_FILE.read_text())["services"][service]["image"]
        try:
            container = engine.containers.run(
                image,
                list(command),
                name=f"dropday-{service}-{secrets.token_hex(4)}",
                labels={_OWNER: _this_process()},
                environment=environment,
                ports={f"{port}/tcp": ("127.0.0.1", None)},
                cpuset_cpus=None if self._cores is None else ",".join(map(str, self._cores)),
                detach=True,
            )
        except DockerException as error:
            raise UsageError(
                f"No container of {image}, which {_COMPOSE_FILE.name} names, could be started: {error}. "
                f"Does `docker run --rm {image} true` work?"
            ) from error
        self._at_the_end.callback(container.remove, force=True, v=True)
        self._containers.append(container)
        return container

    def _await_versions(self, database_url: str, redis_url: str) -> Mapping[str, str]:
        deadline = time.monotonic() + _START_WITHIN_S
        while True:
            self.check()
            try:
                return probe.versions(database_url, redis_url)
            except UsageError as error:
                if time.monotonic() > deadline:
                    raise RunError(
                        f"The containers were not ready after {_START_WITHIN_S:g} s. {error}"
                    ) from error
            time.sleep(_POLL_S)  # an engine tells of containers that run, not of servers that answer


def _engine() -> docker.DockerClient:
    try:
        return docker.from_env(version="auto")
    except DockerException as error:
        raise UsageError(
            f"No Docker engine answers: {error}. Start one, or name it in DOCKER_HOST, or use the embedded "
            f"servers, which need none."
        ) from error


def _postgres_settings() -> list[str]:
    return [f"-c{name}={value}" for name, _, value in _words_of("postgresql.conf")]


def _redis_settings() -> list[str]:
    return [part for name, *values in _words_of("redis.conf") for part in (f"--{name}", *values)]


def _words_of(configuration: str) -> Iterator[list[str]]:
    """The words of each line. On the command line, as the file need not be where the engine is."""
    for line in (_CONFIGURATIONS / configuration).read_text().splitlines():
        words = shlex.split(line, comments=True)
        if words:
            yield words


def _address(container: _Container) -> str:
    """Where the engine has put the container's only port."""
    container.reload()
    ((binding, *_),) = container.ports.values()
    return f"{binding['HostIp']}:{binding['HostPort']}"


def _pid(container: _Container) -> int | None:
    """The container's first process, where the engine is on this machine and not on another, or in a VM."""
    container.reload()
    pid = int(container.attrs["State"]["Pid"])
    try:
        return pid if psutil.Process(pid).name() in {"postgres", "redis-server"} else None
    except psutil.NoSuchProcess:
        return None


def _this_process() -> str:
    """This process's id and start: together they name no other."""
    return f"{os.getpid()}@{started_s(psutil.Process())}"


def started_s(process: psutil.Process) -> float:
    """When a process started, the same whenever it is asked, though the wall clock be set meanwhile."""
    since_s = psutil.boot_time() if sys.platform == "linux" else 0.0  # where both are moved with that clock
    return round(float(process.create_time()) - since_s, 2)


def _remove_orphans(engine: docker.DockerClient) -> None:
    for container in engine.containers.list(all=True, filters={"label": _OWNER}, ignore_removed=True):
        pid, _, started = container.labels[_OWNER].partition("@")
        try:
            is_owned = started_s(psutil.Process(int(pid))) == float(started)
        except psutil.NoSuchProcess:
            is_owned = False
        if not is_owned:
            with suppress(APIError):  # another run is removing it, too
                container.remove(force=True, v=True)

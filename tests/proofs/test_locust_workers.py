"""Locust workers that come and go, as they do in containers: the crowd is sent whole, or the test fails."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from harness.servers import Endpoints
from scenarios import history
from scenarios.arrivals import generate
from scenarios.endings import ExitCode
from scenarios.scenario import load
from tests.locust_runs import (
    DROP,
    WITHIN_S,
    Locust,
    ended,
    free_port,
    log_in,
    presses_start,
    shown,
    wait_until,
)
from tests.shops import ServedShop, served_shop

SLOW = DROP.replace("per_s = 200", "per_s = 20").replace("duration_s = 1", "duration_s = 12")
STATES_OF_THE_END = ("stopping", "stopped")  # a worker that is missing keeps Locust from the second


@pytest.fixture(scope="module")
def served(endpoints: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedShop]:
    with served_shop("conditional_update", endpoints, tmp_path_factory.mktemp("shop") / "log") as shop:
        yield shop


@pytest.fixture
def shop(served: ServedShop) -> ServedShop:
    """Emptied for each test."""
    served.reset()
    return served


@dataclass
class Master:
    """A Locust master with a web page, and its workers."""

    locust: Locust
    process: subprocess.Popen[str]
    port: int
    page: httpx.Client
    shop: ServedShop
    scenario: Path
    folder: Path
    workers: list[subprocess.Popen[str]] = field(default_factory=list)

    def start_workers(self, number: int) -> None:
        self.workers += [self.locust("--worker", "--master-port", self.port) for _ in range(number)]

    def await_states(self, *states: str) -> None:
        """Wait until its workers are in these states, in the order of the alphabet."""
        wait_until(lambda: self._states() == list(states), self.process)

    def _states(self) -> list[str]:
        try:
            return sorted(worker["state"] for worker in shown(self.page)["workers"])
        except httpx.ConnectError:
            return []

    def start_crowd(self) -> None:
        wait_until(lambda: presses_start(self.page, self.shop.system.url), self.process)

    def await_crowd(self) -> None:
        wait_until(lambda: shown(self.page)["state"] in STATES_OF_THE_END, self.process)

    def ends(self) -> tuple[int, str]:
        self.process.terminate()
        return ended(self.process)

    def assert_everybody_came(self) -> None:
        """Every arrival was due in one of its workers. On a busy machine some are dropped, and counted."""
        logs = [log_in(folder) for folder in self.folder.glob("worker-*")]
        histories = [history.read(file) for file in self.folder.glob("worker-*/history.parquet")]
        came = [arrival for one in histories for arrival in one["arrival"].unique()]
        assert all(log.completed for log in logs)
        assert sum(log.generator.offered for log in logs) == len(generate(load(self.scenario), 1))
        assert len(set(came)) == len(came) == sum(log.generator.sent for log in logs)


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "slow.toml"
    path.write_text(SLOW)
    return path


@pytest.fixture
def master(shop: ServedShop, locust: Locust, scenario: Path, tmp_path: Path) -> Iterator[Master]:
    port, web = free_port(), free_port()
    run = ("--scenario", scenario, "--record", tmp_path, "--master", "--master-bind-port", port)
    process = locust(*run, "--web-host", "127.0.0.1", "--web-port", web, shop=shop.system)
    with httpx.Client(base_url=f"http://127.0.0.1:{web}", timeout=WITHIN_S) as page:
        yield Master(locust, process, port, page, shop, scenario, tmp_path)


def test_a_worker_that_was_lost_has_no_share_of_the_next_crowd(master: Master) -> None:
    master.start_workers(2)
    master.await_states("ready", "ready")
    master.workers[1].kill()
    master.await_states("missing", "ready")
    master.start_workers(1)
    master.await_states("missing", "ready", "ready")
    master.start_crowd()
    master.await_crowd()
    code, output = master.ends()
    assert code in (ExitCode.PASSED, ExitCode.LATE), output
    master.assert_everybody_came()


def test_a_worker_whose_death_is_not_known_yet_fails_the_test_although_another_has_come(
    master: Master,
) -> None:
    master.start_workers(2)
    master.await_states("ready", "ready")
    master.workers[1].kill()
    master.start_crowd()
    master.start_workers(1)
    master.await_crowd()
    code, output = master.ends()
    assert code == ExitCode.UNKNOWN, output
    assert "1 of 2 workers were lost in mid-run" in output


def test_a_worker_that_comes_in_mid_run_changes_nothing(master: Master) -> None:
    master.start_workers(2)
    master.await_states("ready", "ready")
    master.start_crowd()
    master.await_states("running", "running")
    master.start_workers(1)
    master.await_crowd()
    code, output = master.ends()
    assert code in (ExitCode.PASSED, ExitCode.LATE), output
    master.assert_everybody_came()
    late_code, late_output = ended(master.workers[2])
    assert late_code == ExitCode.PASSED, late_output
    assert "it sends nobody in this test" in late_output


def killed(worker: subprocess.Popen[str]) -> None:
    worker.kill()


def told_to_end(worker: subprocess.Popen[str]) -> None:
    worker.terminate()


@pytest.mark.parametrize("go", [killed, told_to_end])
@pytest.mark.parametrize("lost", [1, 2])
def test_workers_that_are_lost_in_mid_run_fail_it(
    go: Callable[[subprocess.Popen[str]], None],
    lost: int,
    shop: ServedShop,
    locust: Locust,
    scenario: Path,
    tmp_path: Path,
) -> None:
    port, progress = free_port(), tmp_path / "progress.jsonl"
    run = ("--headless", "--scenario", scenario, "--progress", progress, "--time-scale", 50)
    distributed = ("--master", "--master-bind-port", port, "--expect-workers", 2)
    master = locust(*run, *distributed, shop=shop.system)
    workers = [locust("--worker", "--master-port", port) for _ in range(2)]
    wait_until(lambda: len(list(tmp_path.glob("worker-*/progress.jsonl"))) == 2, master)
    for worker in workers[:lost]:
        go(worker)
    code, output = ended(master)
    assert code == ExitCode.UNKNOWN, output
    assert "of 2 workers were lost in mid-run" in output
    if go is told_to_end:
        assert ended(workers[0])[0] == ExitCode.UNKNOWN


def test_a_worker_that_cannot_send_its_share_fails_the_test(
    shop: ServedShop, locust: Locust, scenario: Path, tmp_path: Path
) -> None:
    port = free_port()
    run = ("--headless", "--scenario", scenario.name, "--time-scale", 0.1)
    distributed = ("--master", "--master-bind-port", port, "--expect-workers", 2)
    master = locust(*run, *distributed, shop=shop.system, folder=tmp_path)
    (tmp_path / "elsewhere").mkdir()
    able = locust("--worker", "--master-port", port, folder=tmp_path)
    unable = locust("--worker", "--master-port", port, folder=tmp_path / "elsewhere")
    code, output = ended(master)
    assert code == ExitCode.UNKNOWN, output
    assert "arrivals were not sent: " in output
    assert scenario.name in output.partition("arrivals were not sent: ")[2]
    assert ended(able)[0] in (ExitCode.PASSED, ExitCode.LATE)
    assert ended(unable)[0] == ExitCode.UNKNOWN

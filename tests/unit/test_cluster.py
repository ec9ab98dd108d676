"""Runs on a Dask cluster: the same records as on this machine, and what is said where there is none."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from distributed import LocalCluster
from rich.console import Console

from harness import cluster
from harness.cluster import spread_over
from harness.errors import UsageError
from scenarios.record import Record
from simulator import cores
from simulator.engine import Engine
from simulator.variants import play
from tests.unit.profiles import a_variant, the_record

pytestmark = pytest.mark.xdist_group("cluster")

QUIET = Console(quiet=True)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None
    ) as one_worker:
        yield one_worker.scheduler_address


def predicted(engine: Engine) -> list[Record]:
    variants = [
        variant
        for name in ("no_lock", "redis_queue")
        for variant in a_variant(name, engine=engine).replicated(2)
    ]
    return list(play(variants, the_record))


@pytest.mark.parametrize("engine", Engine)
def test_a_cluster_makes_the_records_that_this_machine_makes(address: str, engine: Engine) -> None:
    here = predicted(engine)

    with spread_over(address, QUIET):
        assert cores.cores_for(100) == 1
        there = predicted(engine)

    for ours, theirs in zip(here, there, strict=True):
        assert theirs.history.equals(ours.history)
        assert (theirs.books, theirs.conditions) == (ours.books, ours.conditions)


def test_workers_with_other_code_are_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "_DECIDING_PACKAGES", ("numpy",))  # here, not in the worker's process

    with pytest.raises(UsageError, match="would compute with other code"), spread_over(address, QUIET):
        pass


def test_an_address_where_nobody_answers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE_S", 0.2)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{nobody.getsockname()[1]}"

        with pytest.raises(UsageError, match="no scheduler answers"), spread_over(address, QUIET):
            pass

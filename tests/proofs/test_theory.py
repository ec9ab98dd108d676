"""The model held to what theory knows exactly, row by row, and wrong models that are caught by it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import simpy

from simulator.selfcheck import on_numba, on_simpy, rows
from simulator.selfcheck.contests import Drop, Leases, Rivals
from simulator.selfcheck.engines import COMPILED, ENGINES, SIMPY, Engine
from simulator.selfcheck.looks import check
from simulator.selfcheck.systems import Network, Queue
from simulator.stations import Cores, Turns
from simulator.strategies import Take

TABLE = {row.name: row for row in rows.table()}
QUEUES = [name for name, row in TABLE.items() if isinstance(row.system, Queue)]
CONTESTS = [name for name, row in TABLE.items() if isinstance(row.system, Drop | Rivals | Leases)]
NETWORKS = [name for name, row in TABLE.items() if isinstance(row.system, Network)]


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
@pytest.mark.parametrize("name", TABLE)
def test_every_figure_of_a_row_is_covered_in_full(name: str, engine: Engine) -> None:
    missed = [
        finding for finding in check(TABLE[name], engine, seed=1, effort="full") if not finding.is_covered
    ]

    assert missed == []


def _missed(*names: str) -> set[str]:
    return {
        name
        for name in names
        if not all(finding.is_covered for finding in check(TABLE[name], SIMPY, seed=1, effort="short"))
    }


def test_a_line_that_serves_the_last_first_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def give_back(self: Turns) -> None:
        if self._line:
            self._line.pop().succeed(True)
        else:
            self._free += 1

    monkeypatch.setattr(Turns, "give_back", give_back)

    by_path = {"cores, Lindley", "cores, Kiefer-Wolfowitz, 2", "connections, Lindley", "thread, Lindley"}
    assert _missed(*by_path) == by_path
    assert _missed("M/M/1, lam .8") == {"M/M/1, lam .8"}  # means are the same, the tail is not


def test_a_service_that_takes_a_twentieth_too_long_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    compute = Cores.compute

    def slowly(self: Cores, work_s: float, role: str) -> simpy.Timeout:
        return compute(self, 1.05 * work_s, role)

    monkeypatch.setattr(Cores, "compute", slowly)

    wrong = {"cores, Lindley", "machine repair, N 10, S .5, Z 4", "pessimistic_lock, hot row held for 5 ms"}
    assert _missed(*wrong) == wrong


def test_a_control_that_is_less_wrong_than_it_should_be_is_caught() -> None:
    row = TABLE["no_lock, S 25, lam 1000/s, w 4 ms"]
    assert isinstance(row.system, Drop)
    guarded = replace(row, system=replace(row.system, take=Take.UNCHECKED, duration_s=0.08), short=6)

    mean, _ = check(guarded, SIMPY, seed=1, effort="short")

    assert not mean.is_covered
    assert mean.look == 2


@pytest.mark.parametrize("name", QUEUES)
def test_both_engines_serve_the_same_customers_in_the_same_way(name: str) -> None:
    queue = TABLE[name].system
    assert isinstance(queue, Queue)
    customers = queue.draw(np.random.default_rng(1))

    one, other = on_simpy.serve(queue, customers), on_numba.serve(queue, customers)

    assert np.abs(one.left_s - other.left_s).max() < 1e-9
    assert (one.served == other.served).all()
    assert one[2:] == pytest.approx(other[2:])


@pytest.mark.parametrize("name", CONTESTS)
def test_both_engines_play_a_contest_in_the_same_way(name: str) -> None:
    system = TABLE[name].system

    one, other = (engine.runs[type(system)](system, np.random.default_rng(1)) for engine in (SIMPY, COMPILED))

    assert np.array_equal(one, other)


@pytest.mark.parametrize("name", NETWORKS)
def test_both_engines_send_clients_round_in_the_same_way(name: str) -> None:
    network = TABLE[name].system
    assert isinstance(network, Network)
    rounds = network.draw(np.random.default_rng(1))

    one, other = on_simpy.circulate(network, rounds), on_numba.circulate(network, rounds)

    assert np.abs(one.sent_s - other.sent_s).max() < 1e-9
    assert np.abs(one.left_s - other.left_s).max() < 1e-9
    assert one[2:] == pytest.approx(other[2:])

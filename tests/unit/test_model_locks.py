"""The locks and the disk of the model, each against the exact recursion for it, path by path."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import simpy

from simulator.locks import Disk, Lock, RowLock
from simulator.stations import Cores, Steps
from tests.unit.queues import CUSTOMERS, EXACT_S, Floats, Service, departures, group_commits, lindley


def test_a_flush_takes_along_all_who_came_while_the_one_before_was_under_way(
    crowd: tuple[Floats, Floats],
) -> None:
    at_s, _ = crowd

    left_s = departures(at_s, lambda env: _commits(env, 2.0))

    assert np.abs(left_s - group_commits(at_s, 2.0)).max() < EXACT_S


def _commits(env: simpy.Environment, flush_s: float) -> Service:
    cores = Cores(env, CUSTOMERS)  # nobody waits for one
    disk = Disk(env, cores)

    def commit(_: int) -> Steps:
        yield from disk.flush(flush_s)
        cores.give_back()

    return commit


def test_who_flushes_keeps_the_others_waiting_until_it_has_a_core() -> None:
    env = simpy.Environment()
    cores = Cores(env, 1)
    disk = Disk(env, cores)
    left_s: list[float] = []

    def commit(at_s: float) -> Steps:
        yield env.timeout(at_s)
        yield from disk.flush(1.0)
        cores.give_back()
        left_s.append(env.now)

    def compute() -> Steps:
        yield env.timeout(0.5)
        yield from cores.take()
        yield env.timeout(4.0)
        cores.give_back()

    for process in (commit(0.0), compute(), commit(0.7)):
        env.process(process)
    env.run()

    assert left_s == [4.5, 5.5]  # its own flush ended at 1, and until 4.5 there was no other


def test_a_lock_that_bears_a_name_is_given_in_the_order_of_asking(crowd: tuple[Floats, Floats]) -> None:
    at_s, held_s = crowd

    left_s = departures(at_s, lambda env: _held(lambda cores: Lock(env, cores, wake_s=0.0), env, held_s))

    assert np.abs(left_s - lindley(at_s, held_s)).max() < EXACT_S


def test_a_row_lock_loses_no_time_between_its_holders(crowd: tuple[Floats, Floats]) -> None:
    at_s, _ = crowd
    held_s = np.full(CUSTOMERS, 1.0)
    draws = iter(np.random.default_rng(1).random(CUSTOMERS).tolist())

    left_s = departures(
        at_s, lambda env: _held(lambda cores: RowLock(env, cores, 0.0, lambda: next(draws)), env, held_s)
    )

    # all hold it equally long, so in whatever order they are served, somebody leaves whenever a server would
    assert np.abs(np.sort(left_s) - lindley(at_s, held_s)).max() < EXACT_S
    assert (np.diff(left_s) < 0).any()  # and the order is not that of arrival


def _held(lock_on: Callable[[Cores], Lock], env: simpy.Environment, held_s: Floats) -> Service:
    """Who asks is on a core; there is one for everybody."""
    cores = Cores(env, CUSTOMERS)
    lock = lock_on(cores)

    def hold(number: int) -> Steps:
        yield from cores.take()
        yield from lock.acquire()
        yield cores.compute(float(held_s[number]), "database")
        lock.release()
        cores.give_back()

    return hold


@pytest.mark.parametrize(("kind", "wakings"), [("row", 4 + 3 + 2 + 1), ("name", 4)])
def test_all_who_wait_for_a_row_are_woken_at_every_release_and_one_who_waits_for_a_name(
    kind: str, wakings: int
) -> None:
    env = simpy.Environment()
    cores = Cores(env, 1)
    lock = RowLock(env, cores, 0.001, lambda: 0.5) if kind == "row" else Lock(env, cores, 0.001)

    def hold() -> Steps:
        yield from cores.take()
        yield from lock.acquire()
        cores.give_back()
        yield env.timeout(1.0)
        lock.release()

    for _ in range(5):
        env.process(hold())
    env.run()

    assert cores.busy_s("database", np.array([env.now]))[0] == pytest.approx(wakings * 0.001)

"""Each station against the exact recursion for it, on the same arrivals and the same work, path by path."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
import simpy
from simpy.events import NORMAL, EventPriority

from simulator.stations import Cores, Deadlines, Disk, RowLock, Steps, Thread, Turns
from tests.unit.queues import Floats, Service, departures, kiefer_wolfowitz, lindley, poisson

_CUSTOMERS = 3_000
_EXACT = 1e-9


@pytest.fixture(params=[1, 2, 3])
def crowd(request: pytest.FixtureRequest) -> tuple[Floats, Floats]:
    """Arrivals at 0.9 a second, and a second's work each, on average."""
    random = np.random.default_rng(request.param)
    return poisson(random, 0.9, _CUSTOMERS), random.lognormal(-0.5, 1.0, _CUSTOMERS)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_cores_are_a_line_before_many_servers(crowd: tuple[Floats, Floats], count: int) -> None:
    at_s, work_s = crowd

    left_s = departures(at_s, lambda env: _on_cores(Cores(env, count), work_s))

    assert np.abs(left_s - kiefer_wolfowitz(at_s, work_s, count)).max() < _EXACT


def _on_cores(cores: Cores, work_s: Floats) -> Service:
    return lambda number: cores.run(float(work_s[number]), "role")


@pytest.mark.parametrize("places", [1, 4])
def test_connections_are_given_in_the_order_of_asking(crowd: tuple[Floats, Floats], places: int) -> None:
    at_s, held_s = crowd

    def pool(env: simpy.Environment) -> Service:
        turns = Turns(env, places)

        def hold(number: int) -> Steps:
            yield from turns.take()
            yield env.timeout(float(held_s[number]))
            turns.give_back()

        return hold

    assert np.abs(departures(at_s, pool) - kiefer_wolfowitz(at_s, held_s, places)).max() < _EXACT


def test_a_thread_is_one_server_however_many_cores_there_are(crowd: tuple[Floats, Floats]) -> None:
    at_s, work_s = crowd

    def event_loop(env: simpy.Environment) -> Service:
        thread = Thread(env, Cores(env, 4), "worker")

        def visit(number: int) -> Steps:
            yield from thread.enter()
            thread.spend(float(work_s[number]))
            yield from thread.leave()

        return visit

    assert np.abs(departures(at_s, event_loop) - lindley(at_s, work_s)).max() < _EXACT


def test_two_threads_on_one_core_never_leave_it_idle(crowd: tuple[Floats, Floats]) -> None:
    at_s, work_s = crowd

    def event_loops(env: simpy.Environment) -> Service:
        cores = Cores(env, 1)
        threads = [Thread(env, cores, "worker") for _ in range(2)]

        def visit(number: int) -> Steps:
            thread = threads[number % 2]
            yield from thread.enter()
            thread.spend(float(work_s[number]))
            yield from thread.leave()

        return visit

    # whoever is served first, the work in the system is that of one server, and so is the end of it all
    last_left_s, alone_s = departures(at_s, event_loops).max(), lindley(at_s, work_s).max()
    assert last_left_s == pytest.approx(alone_s, abs=_EXACT)


def test_the_core_that_a_thread_keeps_goes_to_others_when_its_slice_is_over() -> None:
    env = simpy.Environment()
    cores = Cores(env, 1)
    thread = Thread(env, cores, "worker")
    ended_s: list[float] = []

    def visit() -> Steps:
        yield from thread.enter()
        thread.spend(0.0002)
        yield from thread.leave()

    def backend() -> Steps:
        yield from cores.run(0.1, "database")
        ended_s.append(env.now)

    for _ in range(1_000):
        env.process(visit())
    env.process(backend())
    env.run()

    assert ended_s == [pytest.approx(0.1006)]  # after three visits, which are more than half a millisecond


def test_a_flush_takes_along_all_who_came_while_the_one_before_was_under_way(
    crowd: tuple[Floats, Floats],
) -> None:
    at_s, _ = crowd

    left_s = departures(at_s, lambda env: _commits(Disk(env), 2.0))

    assert np.abs(left_s - _group_commits(at_s, 2.0)).max() < _EXACT


def _commits(disk: Disk, flush_s: float) -> Service:
    return lambda _: disk.flush(flush_s)


def _group_commits(at_s: Floats, flush_s: float) -> Floats:
    left_s = np.zeros(len(at_s))
    number = 0
    ends_s = 0.0
    while number < len(at_s):
        begins_s = max(ends_s, at_s[number])
        ends_s = begins_s + flush_s
        group = np.arange(number, max(number + 1, int(np.searchsorted(at_s, begins_s, side="right"))))
        left_s[group] = ends_s
        number = group[-1] + 1
    return left_s


def test_a_row_lock_loses_no_time_between_its_holders(crowd: tuple[Floats, Floats]) -> None:
    at_s, _ = crowd
    held_s = np.full(_CUSTOMERS, 1.0)

    def row(env: simpy.Environment) -> Service:
        lock = RowLock(env, Cores(env, 1), Random(1), wake_s=0.0)  # noqa: S311 - not a secret

        def hold(_: int) -> Steps:
            yield from lock.acquire()
            yield env.timeout(1.0)
            lock.release()

        return hold

    left_s = departures(at_s, row)
    # all hold it equally long, so in whatever order they are served, somebody leaves whenever a server would
    assert np.abs(np.sort(left_s) - lindley(at_s, held_s)).max() < _EXACT
    assert (np.diff(left_s) < 0).any()  # and the order is not that of arrival


def test_every_waiter_of_a_row_is_woken_at_every_release() -> None:
    env = simpy.Environment()
    cores = Cores(env, 1)
    lock = RowLock(env, cores, Random(1), wake_s=0.001)  # noqa: S311 - not a secret

    def hold() -> Steps:
        yield from lock.acquire()
        yield env.timeout(1.0)
        lock.release()

    for _ in range(5):
        env.process(hold())
    env.run()

    wakings = 4 + 3 + 2 + 1
    assert cores.busy_s("database", np.array([env.now]))[0] == pytest.approx(wakings * 0.001)


def test_the_time_that_cores_were_busy_is_the_work_they_did(crowd: tuple[Floats, Floats]) -> None:
    at_s, work_s = crowd
    env = simpy.Environment()
    cores = Cores(env, 2)

    def source() -> Steps:
        for moment_s, needs_s in zip(at_s.tolist(), work_s.tolist(), strict=True):
            yield env.timeout(moment_s - env.now)
            env.process(cores.run(needs_s, "role"))

    env.process(source())
    env.run()

    left_s = kiefer_wolfowitz(at_s, work_s, 2)
    until_s = np.array([0.0, 100.0, 1_000.0, left_s.max()])
    done_s = np.clip(until_s[:, None] - (left_s - work_s), 0, work_s).sum(axis=1)
    assert cores.busy_s("role", until_s) == pytest.approx(done_s)


def test_what_has_not_happened_in_time_is_given_up_at_the_very_moment() -> None:
    env = simpy.Environment()
    patience = Deadlines(env, 10.0)
    ended_s: dict[str, float] = {}

    def wait(name: str, happens_after_s: float) -> Steps:
        event = env.event()
        patience.watch(event)
        env.process(happen(event, happens_after_s))
        yield event
        ended_s[name] = env.now

    def happen(event: simpy.Event, after_s: float) -> Steps:
        yield env.timeout(after_s)
        if not event.triggered:
            event.succeed("happened")

    def arrive() -> Steps:
        env.process(wait("too late", 30.0))
        yield env.timeout(1.0)
        env.process(wait("in time", 5.0))
        yield env.timeout(1.0)
        env.process(wait("never", 1e9))

    env.process(arrive())
    env.run(until=100.0)

    assert ended_s == {"too late": 10.0, "in time": 6.0, "never": 12.0}


@pytest.mark.parametrize("waiters", [1_000, 100_000])
def test_patience_that_is_not_used_up_costs_two_events_in_all(waiters: int) -> None:
    env = _Counting()
    patience = Deadlines(env, 10.0)
    for _ in range(waiters):
        event = simpy.Event(env)
        patience.watch(event)
        event.succeed()
    env.scheduled = 0

    env.run()

    assert env.scheduled <= 2


class _Counting(simpy.Environment):
    """An environment that counts the events of its calendar."""

    scheduled = 0

    def schedule(
        self, event: simpy.Event, priority: EventPriority = NORMAL, delay: simpy.core.SimTime = 0
    ) -> None:
        self.scheduled += 1
        super().schedule(event, priority, delay)

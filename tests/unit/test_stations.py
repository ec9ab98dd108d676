"""Each station against the exact recursion for it, on the same arrivals and the same work, path by path."""

from __future__ import annotations

import numpy as np
import pytest
import simpy

from simulator.selfcheck.recursions import kiefer_wolfowitz
from simulator.stations import COLD_PACE, HALF_COLD_S, SLICE_S, Cores, Steps, Thread, Turns, timer_s
from tests.unit.queues import EXACT_S, Floats, Service, departures, lindley


@pytest.mark.parametrize("count", [1, 2, 5])
def test_cores_are_a_line_before_many_servers(crowd: tuple[Floats, Floats], count: int) -> None:
    at_s, work_s = crowd

    left_s = departures(at_s, lambda env: _on_cores(Cores(env, count), work_s))

    assert np.abs(left_s - kiefer_wolfowitz(at_s, work_s, count)).max() < EXACT_S


def _on_cores(cores: Cores, work_s: Floats) -> Service:
    return lambda number: cores.run(float(work_s[number]), "database")


def test_work_that_comes_to_a_core_after_a_rest_takes_longer_until_the_core_is_warm() -> None:
    cold_s, work_s = 0.001, 0.001
    at_s, one_s = np.array([HALF_COLD_S, HALF_COLD_S + 0.001]), np.full(2, work_s)

    left_s = departures(at_s, lambda env: _on_cores(Cores(env, 1, cold_s), one_s))

    colder_s = cold_s / 2  # after as long a rest
    assert colder_s < COLD_PACE * work_s
    assert left_s - at_s[0] == pytest.approx([work_s + colder_s, 2 * work_s + colder_s])


def test_work_of_a_role_takes_so_many_times_as_long_in_company() -> None:
    env = simpy.Environment()
    cores = Cores(env, 1, in_company={"database": 1.5})
    took_s = []
    for at_work, role in ((1, "database"), (2, "database"), (2, "worker")):
        cores.at_work, since_s = at_work, env.now
        env.run(env.process(cores.run(2.0, role)))
        took_s.append(env.now - since_s)

    assert took_s == [2.0, 3.0, 2.0]


def test_cold_work_takes_so_many_times_as_long_at_most() -> None:
    work_s = np.full(2, 0.001)

    left_s = departures(np.full(2, HALF_COLD_S), lambda env: _on_cores(Cores(env, 1, cold_s=0.003), work_s))

    took_s = np.diff(left_s, prepend=HALF_COLD_S)
    assert took_s == pytest.approx([(1 + COLD_PACE) * 0.001, 0.001 + 0.0015 - COLD_PACE * 0.001])


def test_a_core_is_as_fast_as_the_machine_is_at_that_moment() -> None:
    at_s, work_s = np.array([0.05, 0.15, 0.25]), np.full(3, 0.01)

    left_s = departures(at_s, lambda env: _on_cores(Cores(env, 1, speeds=(1.0, 0.5)), work_s))

    assert left_s - at_s == pytest.approx([0.01, 0.02, 0.01])


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

    assert np.abs(departures(at_s, pool) - kiefer_wolfowitz(at_s, held_s, places)).max() < EXACT_S


def test_a_thread_is_one_server_however_many_cores_there_are(crowd: tuple[Floats, Floats]) -> None:
    at_s, work_s = _about_a_slice(crowd)

    def event_loop(env: simpy.Environment) -> Service:
        thread = Thread(env, Cores(env, 4), "worker")

        def visit(number: int) -> Steps:
            yield from thread.enter()
            thread.spend(float(work_s[number]))
            yield from thread.leave()

        return visit

    assert np.abs(departures(at_s, event_loop) - lindley(at_s, work_s)).max() < EXACT_S


def _about_a_slice(crowd: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    at_s, work_s = crowd
    return at_s * SLICE_S / 2, work_s * SLICE_S / 2


def test_two_threads_on_one_core_never_leave_it_idle(crowd: tuple[Floats, Floats]) -> None:
    at_s, work_s = _about_a_slice(crowd)

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
    assert last_left_s == pytest.approx(alone_s, abs=EXACT_S)


def test_the_core_that_a_thread_keeps_goes_to_others_when_its_slice_is_over() -> None:
    env = simpy.Environment()
    cores = Cores(env, 1)
    thread = Thread(env, cores, "worker")
    ended_s: list[float] = []

    def visit() -> Steps:
        yield from thread.enter()
        thread.spend(0.4 * SLICE_S)
        yield from thread.leave()

    def backend() -> Steps:
        yield from cores.run(0.1, "database")
        ended_s.append(env.now)

    for _ in range(1_000):
        env.process(visit())
    env.process(backend())
    env.run()

    assert ended_s == [pytest.approx(0.1 + 1.2 * SLICE_S)]  # after three visits, which are more than a slice


def test_who_computes_for_longer_than_a_slice_lets_others_in_between() -> None:
    env = simpy.Environment()
    cores = Cores(env, 1)
    ended_s: dict[str, float] = {}

    def work(name: str, work_s: float) -> Steps:
        yield from cores.take()
        yield from cores.work_off(work_s, "database")
        cores.give_back()
        ended_s[name] = env.now

    env.process(work("a batch", 0.1))
    env.process(work("a statement", 0.0003))
    env.run()

    assert ended_s == {"a statement": pytest.approx(SLICE_S + 0.0003), "a batch": pytest.approx(0.1003)}


def test_a_timer_of_an_event_loop_has_whole_milliseconds() -> None:
    assert [timer_s(after_s) for after_s in (0.0004, 0.0013, 0.0026, 0.005)] == [0, 0.001, 0.003, 0.005]


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

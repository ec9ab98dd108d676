"""Patience that runs out: at the very moment, without a place in the line, and at no cost if it does not."""

from __future__ import annotations

import pytest
import simpy
from simpy.events import NORMAL, EventPriority

from simulator.stations import Deadlines, Steps, Turns


def test_who_gave_up_in_a_line_is_passed_over() -> None:
    env = simpy.Environment()
    line, patience = Turns(env, 1), Deadlines(env, 1.0)
    got: dict[str, tuple[float, bool]] = {}

    def ask(name: str, at_s: float, hold_s: float) -> Steps:
        yield env.timeout(at_s)
        has_it = yield from line.take_within(patience)
        got[name] = (env.now, has_it)
        if has_it:
            yield env.timeout(hold_s)
            line.give_back()

    for name, at_s, hold_s in [("first", 0.0, 2.5), ("gives up", 0.1, 1.0), ("second", 2.0, 1.0)]:
        env.process(ask(name, at_s, hold_s))
    env.run()

    assert got == {"first": (0.0, True), "gives up": (1.1, False), "second": (2.5, True)}
    assert line.is_free()


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

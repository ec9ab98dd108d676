"""The load generator of the model, alone: who is sent when, and when an answer has been read."""

from __future__ import annotations

import pytest
import simpy

from scenarios.arrivals import generate
from scenarios.steady import hot_sku
from simulator.generator import Generator, GeneratorWork
from simulator.profile import GeneratorDemands
from simulator.stations import HALF_COLD_S, Steps

WORK = GeneratorWork(send_s=0.002, receive_s=0.003, note_s=0.004)


def test_requests_that_are_due_at_once_are_sent_one_after_the_other() -> None:
    env = simpy.Environment()
    generator = Generator(env, WORK)

    sent_s = [_happens(env, generator.send()) for _ in range(3)]
    env.run()

    assert [one[0] for one in sent_s] == pytest.approx([0.002, 0.004, 0.006])


def test_what_an_answer_takes_to_be_noted_only_others_wait_for() -> None:
    env = simpy.Environment()
    generator = Generator(env, WORK)

    read_s = [_happens(env, generator.receive(after_s=0.001)) for _ in range(2)]
    env.run()

    assert [one[0] for one in read_s] == pytest.approx([0.004, 0.011])
    assert generator.used_s == pytest.approx(2 * (WORK.receive_s + WORK.note_s))


def test_after_a_rest_a_request_takes_longer_and_the_next_does_not() -> None:
    env = simpy.Environment()
    generator = Generator(env, GeneratorWork(send_s=0.002, cold_s=0.001))
    ended_s: list[float] = []

    def send_twice_after_a_rest() -> Steps:
        yield env.timeout(HALF_COLD_S)
        for _ in range(2):
            yield generator.send()
            ended_s.append(env.now - HALF_COLD_S)

    env.process(send_twice_after_a_rest())
    env.run()

    assert ended_s == pytest.approx([0.0025, 0.0045])  # half as cold as it can get


def test_a_crowd_that_no_generator_can_send_comes_by_itself() -> None:
    demands = GeneratorDemands(tick_ms=1.0, send_ms=0.05, receive_ms=0.03, note_ms=0.02, cold_ms=0.1)

    can_be_sent = GeneratorWork.of(demands, generate(hot_sku(5_000, 1.0), seed=1))
    too_many = GeneratorWork.of(demands, generate(hot_sku(15_000, 1.0), seed=1))

    assert can_be_sent.send_s == pytest.approx(0.00005)
    assert too_many == GeneratorWork()


def test_a_generator_without_demands_takes_no_time() -> None:
    env = simpy.Environment()
    generator = Generator(env, GeneratorWork())

    read_s = [_happens(env, generator.receive(after_s=0.5)) for _ in range(3)]
    env.run()

    assert [one[0] for one in read_s] == [0.5, 0.5, 0.5]


def _happens(env: simpy.Environment, event: simpy.Event) -> list[float]:
    """The list that gets the moment when it happens."""
    at_s: list[float] = []

    def note(_: simpy.Event) -> None:
        at_s.append(env.now)

    assert event.callbacks is not None
    event.callbacks.append(note)
    return at_s

"""Orders of the model that are done together, against the exact recursion for batches."""

from __future__ import annotations

import numpy as np
import pytest
import simpy

from simulator.merging import Merger
from simulator.stations import Steps
from tests.unit.queues import EXACT_S, Floats, Service, departures


@pytest.mark.parametrize("most", [4, 1_000])
def test_a_batch_takes_along_all_who_came_while_the_one_before_was_worked_on(
    crowd: tuple[Floats, Floats], most: int
) -> None:
    at_s, _ = crowd

    left_s = departures(at_s, lambda env: _in_batches(env, most))

    assert np.abs(left_s - _batches(at_s, most)).max() < EXACT_S


_ONCE_S, _EACH_S = 1.5, 0.3


def _in_batches(env: simpy.Environment, most: int) -> Service:
    def work(batch: list[simpy.Event]) -> Steps:
        yield env.timeout(_ONCE_S + _EACH_S * len(batch))
        for done in batch:
            done.succeed()

    merger = Merger(env, work, window_s=0, most=most)

    def submit(_: int) -> Steps:
        done = env.event()
        merger.submit(done)
        yield done

    return submit


def _batches(at_s: Floats, most: int) -> Floats:
    """Departures from one server of batches, the service of which takes longer the more are in it."""
    left_s = np.zeros(len(at_s))
    number, ends_s = 0, 0.0
    while number < len(at_s):
        begins_s = max(ends_s, float(at_s[number]))
        came = int(np.searchsorted(at_s, begins_s, side="right"))
        last = min(max(number + 1, came), number + most)
        ends_s = begins_s + _ONCE_S + _EACH_S * (last - number)
        left_s[number:last] = ends_s
        number = last
    return left_s


def test_a_batch_waits_for_others_until_its_window_is_over_or_it_is_full() -> None:
    env = simpy.Environment()
    seen: list[tuple[float, int]] = []

    def work(batch: list[int]) -> Steps:
        yield from ()
        seen.append((env.now, len(batch)))

    merger = Merger(env, work, window_s=0.005, most=3)

    def source() -> Steps:
        for number, at_s in enumerate([0.0, 0.002, 0.004, 0.010, 0.012]):
            yield env.timeout(at_s - env.now)
            merger.submit(number)

    env.process(source())
    env.run()

    assert [orders for _, orders in seen] == [3, 2]
    assert [at_s for at_s, _ in seen] == pytest.approx([0.004, 0.015])

"""What an open loop shows, and how large a crowd a calibration sends."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.open_runs import OpenRuns
from scenarios.arrivals import generate
from scenarios.record import Record
from scenarios.steady import hot_sku
from simulator.cautions import MOST_SENT_PER_S
from simulator.defaults import Settings
from simulator.model import simulate_strategy
from simulator.observation import Observation
from simulator.open_loop import SEED, SEEN, OpenLoop
from simulator.strategies import STRATEGIES
from tests.unit.profiles import small_machine

SETTINGS = Settings(pool_size=5)
LOAD = OpenLoop("light", 200, 1.5, SETTINGS)


def test_the_model_shows_the_same_by_either_engine() -> None:
    record = play(LOAD)

    by_simpy, by_compiled = (
        LOAD.observed(record, "no_lock"),
        LOAD.look(STRATEGIES["no_lock"], small_machine()),
    )

    cpu_s = by_compiled.observation.cpu_s.model_dump()
    assert by_simpy.cpu_s.model_dump() == pytest.approx(cpu_s)  # sums of many times, in another order
    assert by_simpy.model_copy(update={"cpu_s": by_compiled.observation.cpu_s}) == by_compiled.observation


def test_what_is_seen_is_the_end_of_the_run_until_the_last_arrival() -> None:
    record = play(LOAD)
    done_s, outcome = record.history["done_s"], record.history["outcome"]

    seen = LOAD.observed(record, "no_lock")

    assert seen.duration_s == pytest.approx(SEEN * LOAD.duration_s)
    assert seen.bought == ((outcome == "bought") & done_s.is_between(0.45, 1.5)).sum()
    assert seen.per_s == pytest.approx(200, rel=0.15)
    assert set(seen.spans_ms) == {"pool", "read_stock", "place_order"}


def test_messages_are_counted_by_their_span() -> None:
    load = OpenLoop("crowded", 2_000, 0.5, SETTINGS)

    seen = load.look(STRATEGIES["conditional_update"], small_machine())

    assert set(seen.batches) >= {"place_order"}
    assert 0 < seen.batches["place_order"] < seen.observation.answered / 2


def play(load: OpenLoop) -> Record:
    scenario = hot_sku(load.per_s, load.duration_s)
    return simulate_strategy(
        scenario,
        STRATEGIES["no_lock"],
        small_machine(),
        arrivals=generate(scenario, SEED),
        replication=0,
        settings=SETTINGS,
    )


class Shop:
    """One of which it is known how many orders a second it serves, of so many that come."""

    def __init__(self, served_per_s: Callable[[float], float]) -> None:
        self._served_per_s = served_per_s
        self._runs = OpenRuns(1.0, SETTINGS)
        self.sent: list[tuple[str, float]] = []

    def _serve(self, load: OpenLoop, _: Callable[[str], None]) -> Observation:
        self.sent.append((load.kind, load.per_s))
        seen = LOAD.look(STRATEGIES["no_lock"], small_machine()).observation
        served = round(self._served_per_s(load.per_s) * seen.duration_s)
        return seen.model_copy(update={"offered_per_s": load.per_s, "bought": served})

    def observe(self, closed_per_s: float) -> list[Observation]:
        return self._runs.observe(self._serve, closed_per_s, lambda _: None)


def test_a_crowd_is_somewhat_more_than_can_be_served() -> None:
    shop = Shop(lambda per_s: min(per_s, 1_000))

    crowded, light = shop.observe(closed_per_s=1_000)

    assert [round(per_s) for _, per_s in shop.sent] == [1_000, 1_300, 250]
    assert (crowded.offered_per_s, light.offered_per_s) == pytest.approx((1_300, 250))


def test_a_crowd_that_mostly_waits_at_the_door_is_made_smaller() -> None:
    shop = Shop(lambda per_s: min(per_s, 3_000 - 0.5 * per_s))

    crowded, _ = shop.observe(closed_per_s=3_000)

    assert [round(per_s) for _, per_s in shop.sent] == [3_000, 2_250, 469]
    assert crowded.per_s == pytest.approx(1_875, rel=0.01)


def test_the_crowd_is_as_large_in_every_turn() -> None:
    shop = Shop(lambda per_s: min(per_s, 1_000))

    shop.observe(closed_per_s=1_000)
    shop.observe(closed_per_s=5_000)

    assert [round(per_s) for kind, per_s in shop.sent if kind == "crowded"] == [1_000, 1_300, 1_300]


def test_no_crowd_is_larger_than_a_generator_can_send() -> None:
    shop = Shop(lambda per_s: per_s)

    crowded, _ = shop.observe(closed_per_s=20_000)

    assert [per_s for _, per_s in shop.sent] == pytest.approx([MOST_SENT_PER_S, MOST_SENT_PER_S / 4])
    assert crowded.offered_per_s == MOST_SENT_PER_S

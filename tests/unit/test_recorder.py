"""The generator's notes, and the record made of them."""

from __future__ import annotations

import json

import pytest

from scenarios.answers import Reply
from scenarios.arrivals import generate
from scenarios.history import SCHEMA, Outcome
from scenarios.journey import Journeys, Step
from scenarios.recorder import Recorder
from scenarios.scenario import Scenario

SCENARIO = Scenario.model_validate(
    {
        "name": "test",
        "summary": "A test.",
        "arrivals": {"shape": "replay", "file": "x.csv", "counts": [5]},
        "products": [
            {
                "id": "shoe",
                "name": "Shoe",
                "price_won": 1000,
                "sizes": [{"size": "270", "units": 3}, {"size": "280", "units": 2}],
            }
        ],
    }
)
ARRIVALS = generate(SCENARIO, 1)
SOLD_OUT = Reply(409, json.dumps({"code": "sold_out"}).encode(), "board;dur=0.5")
BOUGHT = Reply(201, b'{"order_id": "abc", "total_won": 1000}', "pool;dur=0.1, place_order;dur=2", True)


def first(arrival: int) -> Step:
    step = Journeys(SCENARIO, ARRIVALS).first(arrival)
    assert step
    return step


def test_a_note_says_how_the_attempt_ended_and_counts_it() -> None:
    recorder = Recorder(SCENARIO, ARRIVALS)
    assert recorder.note(first(0), 0, 0, 1, SOLD_OUT) is Outcome.SOLD_OUT
    assert recorder.note(first(1), 0, 0, 1, SOLD_OUT) is Outcome.SOLD_OUT
    assert recorder.note(first(2), 0, 0, 1, BOUGHT) is Outcome.BOUGHT
    assert recorder.outcomes == {Outcome.SOLD_OUT: 2, Outcome.BOUGHT: 1}


def test_an_operation_is_answered_once_one_of_its_attempts_is() -> None:
    recorder = Recorder(SCENARIO, ARRIVALS)
    assert recorder.answered() == {}
    for reply in (Reply(500), Reply(0, failure="no answer"), Reply(404), Reply(202)):
        recorder.note(first(0), 0, 0, 1, reply)
    assert recorder.answered() == {"order": False}
    recorder.note(first(1), 0, 0, 1, SOLD_OUT)
    recorder.note(first(2), 0, 0, 1, Reply(500))
    assert recorder.answered() == {"order": True}


def test_the_history_has_a_row_for_every_note() -> None:
    recorder = Recorder(SCENARIO, ARRIVALS)
    recorder.note(first(3), 0.5, 0.6, 0.9, BOUGHT)
    history = recorder.history()
    assert history.schema == SCHEMA
    [row] = history.rows(named=True)
    sku = SCENARIO.skus[ARRIVALS.carts[3][0][0]].sku
    assert row == {
        "arrival": 3,
        "attempt": 0,
        "operation": "order",
        "shopper": 3,
        "bot": False,
        "key": "1-3-0",
        "skus": [sku],
        "quantities": [1],
        "intended_s": 0.5,
        "sent_s": 0.6,
        "acknowledged_s": None,
        "done_s": 0.9,
        "outcome": "bought",
        "status": 201,
        "code": "",
        "order_id": "abc",
        "total_won": 1000,
        "replayed": True,
        "spans": [{"name": "pool", "ms": 0.1}, {"name": "place_order", "ms": 2.0}],
    }


def test_a_queued_order_has_one_row_with_both_of_its_times() -> None:
    recorder = Recorder(SCENARIO, ARRIVALS)
    recorder.note(first(3), 0.5, 0.6, 1.9, BOUGHT, acknowledged_s=0.7)
    [row] = recorder.history().rows(named=True)
    assert (row["sent_s"], row["acknowledged_s"], row["done_s"]) == (0.6, 0.7, 1.9)


def test_a_crowd_that_sent_nothing_has_an_empty_history_and_no_lateness() -> None:
    recorder = Recorder(SCENARIO, ARRIVALS)
    assert recorder.history().is_empty()
    log = recorder.generator(offered=5, dropped=5, cpu_share=0.1)
    assert (log.offered, log.sent, log.dropped, log.lateness_max_ms) == (5, 0, 5, 0)


def test_lateness_is_that_of_the_first_attempt_of_each_arrival() -> None:
    recorder = Recorder(SCENARIO, ARRIVALS)
    for arrival, late_s in enumerate([0.001, 0.002, 0.003]):
        at_s = float(ARRIVALS.at_s[arrival])
        recorder.note(first(arrival), at_s, at_s + late_s, at_s + 1, SOLD_OUT)
        recorder.note(first(arrival)._replace(attempt=1), at_s + 1, at_s + 9, at_s + 10, SOLD_OUT)
    log = recorder.generator(offered=5, dropped=2, cpu_share=0.25)
    assert (log.offered, log.sent, log.dropped, log.cpu_share) == (5, 3, 2, 0.25)
    assert log.lateness_p50_ms == pytest.approx(2)
    assert log.lateness_max_ms == pytest.approx(3)
    assert 2.9 < log.lateness_p99_ms <= 3

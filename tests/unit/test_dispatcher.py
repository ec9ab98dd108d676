"""The open loop, proved without looking at a clock: a closed one would hang, or begin in another order."""

from __future__ import annotations

import gc
import time

import gevent
import pytest
from gevent.event import Event

from scenarios.dispatcher import Clock, Dispatcher

ROOM = 10_000


def dispatcher(journey: object, room: int = ROOM, began_s_ago: float = 0.0) -> Dispatcher:
    return Dispatcher(Clock(time.time() - began_s_ago), journey, room)  # type: ignore[arg-type]


def test_arrivals_begin_in_order_although_none_before_them_has_ended() -> None:
    begun: list[int] = []
    all_begun = Event()

    def journey(arrival: int) -> None:
        begun.append(arrival)
        if len(begun) == 500:
            all_begun.set()
        all_begun.wait()

    crowd = dispatcher(journey)
    crowd.run((arrival, arrival * 1e-4) for arrival in range(500))
    assert begun == list(range(500))
    assert (crowd.due, crowd.dropped, crowd.in_flight) == (500, 0, 0)


def test_nobody_begins_before_their_moment() -> None:
    clock = Clock(time.time())
    early: list[float] = []

    def journey(arrival: int) -> None:
        early.append(arrival * 0.002 - clock.now())

    Dispatcher(clock, journey, ROOM).run((arrival, arrival * 0.002) for arrival in range(50))
    assert len(early) == 50
    assert max(early) <= 0


def test_who_has_begun_gets_a_turn_while_others_are_overdue() -> None:
    """A schedule that is always behind must not starve the journeys that it has begun."""
    ended: list[int] = []
    still_to_begin_when_the_first_ended: list[int] = []

    def journey(arrival: int) -> None:
        gevent.sleep(0)
        ended.append(arrival)
        if len(ended) == 1:
            still_to_begin_when_the_first_ended.append(20_000 - crowd.due)

    crowd = dispatcher(journey, room=1_000_000)
    crowd.run((arrival, 0.0) for arrival in range(20_000))
    assert still_to_begin_when_the_first_ended[0] > 0


def test_an_arrival_without_room_is_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scenarios.dispatcher.GIVE_UP_S", 0.5)
    begun: list[int] = []
    some_dropped = Event()

    def journey(arrival: int) -> None:
        begun.append(arrival)
        some_dropped.wait()

    crowd = dispatcher(journey, room=3)

    def let_go_once_dropped() -> None:
        while crowd.dropped < 7:
            gevent.sleep(0.001)
        some_dropped.set()

    watcher = gevent.spawn(let_go_once_dropped)
    crowd.run((arrival, 0.5) for arrival in range(10))
    watcher.join()
    assert begun == [0, 1, 2]
    assert (crowd.due, crowd.dropped) == (10, 7)


def test_an_arrival_waits_for_room_before_it_is_dropped() -> None:
    begun: list[int] = []

    def journey(arrival: int) -> None:
        begun.append(arrival)
        gevent.sleep(0.001)

    crowd = dispatcher(journey, room=1)
    crowd.run((arrival, 0.0) for arrival in range(20))
    assert begun == list(range(20))
    assert crowd.dropped == 0


def test_a_greenlet_whose_journey_has_ended_goes_on_the_next() -> None:
    greenlets: set[gevent.Greenlet] = set()
    crowd = dispatcher(lambda _: greenlets.add(gevent.getcurrent()), room=1)
    crowd.run((arrival, 0.0) for arrival in range(20))
    assert (crowd.due, crowd.dropped, len(greenlets)) == (20, 0, 1)


def test_arrivals_long_overdue_are_dropped_so_that_the_next_are_not_late() -> None:
    begun: list[int] = []
    crowd = dispatcher(begun.append, began_s_ago=100)
    crowd.run([(0, 10.0), (1, 20.0), (2, 100.4), (3, 100.5)])
    assert begun == [2, 3]
    assert (crowd.due, crowd.dropped) == (4, 2)


def test_a_journey_that_fails_is_raised_once_the_others_have_ended() -> None:
    ended: list[int] = []

    def journey(arrival: int) -> None:
        if arrival == 1:
            raise LookupError("no such SKU")
        gevent.sleep(0.01)
        ended.append(arrival)

    with pytest.raises(LookupError, match="no such SKU"):
        dispatcher(journey).run((arrival, 0.0) for arrival in range(4))
    assert ended == [0, 2, 3]


def test_an_interruption_ends_the_journeys_under_way() -> None:
    interrupted: list[int] = []
    begun = Event()

    def journey(arrival: int) -> None:
        try:
            begun.set()
            gevent.sleep(3600)
        finally:
            interrupted.append(arrival)

    crowd = dispatcher(journey)
    running = gevent.spawn(crowd.run, [(0, 0.0), (1, 0.0), (2, 3600.0)])
    begun.wait()
    gevent.sleep(0.01)
    running.kill()
    assert sorted(interrupted) == [0, 1]
    assert (crowd.due, crowd.in_flight) == (2, 0)


def test_the_garbage_collector_is_kept_away_and_comes_back() -> None:
    during: list[bool] = []
    dispatcher(lambda _: during.append(gc.isenabled())).run([(0, 0.0)])
    assert during == [False]
    assert gc.isenabled()

"""What all requests to a worker do; and those that are no orders.

A request holds the worker's thread except where it waits: it leaves before each wait and enters again after
it. That is what an event loop does, and a request's visits to it are what lies between its waits.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, NamedTuple, TypeVar

import simpy

from scenarios.history import Outcome
from simulator.order import Order, Work
from simulator.shop import Shop, Worker
from simulator.stations import Steps, Turns, timer_s
from simulator.stock import Judged, Verdict

T = TypeVar("T")


class Answer(NamedTuple):
    """What the system answers, in the words of the history."""

    outcome: Outcome
    status: int
    code: str = ""
    order_id: str = ""
    total_won: int = 0
    replayed: bool = False
    spans: tuple[tuple[str, float], ...] = ()


REFUSALS = {
    Verdict.SOLD_OUT: Answer(Outcome.SOLD_OUT, 409, "sold_out"),
    Verdict.GONE: Answer(Outcome.SOLD_OUT, 409, "sold_out"),
    Verdict.LIMIT_REACHED: Answer(Outcome.REFUSED, 409, "limit_reached"),
    Verdict.CONFLICT: Answer(Outcome.CONFLICT, 409, "conflict"),
    Verdict.STOCK_CHANGED: Answer(Outcome.CONFLICT, 409, "conflict"),
    Verdict.KEY_IN_PROGRESS: Answer(Outcome.CONFLICT, 409, "key_in_progress"),
    Verdict.NO_FUNDS: Answer(Outcome.REJECTED, 402, "insufficient_funds"),
    Verdict.OVERLOADED: Answer(Outcome.UNKNOWN, 503, "overloaded"),
}
FROM_THE_BOARD = REFUSALS[Verdict.SOLD_OUT]._replace(spans=(("board", 0.0),))
QUEUED = Answer(Outcome.QUEUED, 202)
PAGE = Answer(Outcome.BROWSED, 200)
GAVE_UP = Answer(Outcome.UNKNOWN, 0, "timeout")


class Request:
    """What all requests do: compute on the worker's thread, take a connection, ask a server.

    `pace`: how much more work than the average this request makes.
    """

    def __init__(self, shop: Shop, worker: Worker, pace: float) -> None:
        self._shop = shop
        self._worker = worker
        self._pace = pace
        self._inside = False
        self._connected = False

    def enter(self) -> Steps:
        """Wait until the worker's thread is free for this request."""
        yield from self._worker.thread.enter()
        self._inside = True

    def leave(self) -> Steps:
        """Do what was spent, and let the next request in."""
        self._inside = False
        yield from self._worker.thread.leave()

    def spend(self, worker_s: float) -> None:
        """Compute on the thread."""
        self._worker.thread.spend(worker_s * self._pace)

    def clock(self) -> float:
        """What a clock shows to this request."""
        return self._worker.thread.clock() if self._inside else self._shop.env.now

    def sleep(self, for_s: float) -> Steps:
        """Wait for a timer of the event loop."""
        yield from self.leave()
        yield self._shop.env.timeout(timer_s(for_s))
        yield from self.enter()

    def ask(self, work: Work, server: Generator[simpy.Event, Any, T]) -> Generator[simpy.Event, Any, T]:
        """Send something to a server and read its answer: one visit to the loop ends, another begins."""
        self.spend(work.worker_s / 2)
        yield from self.leave()
        answer = yield from server
        yield from self.enter()
        self.spend(work.worker_s / 2)
        return answer

    def ask_redis(self, work: Work, script: Callable[[], T]) -> Generator[simpy.Event, Any, T]:
        """Run a script over one of the worker's connections to Redis."""
        yield from self._take(self._worker.to_redis)
        answer = yield from self.ask(work, self._shop.redis.run(script, work.redis_s * self._pace))
        self._worker.to_redis.give_back()
        return answer

    def _connect(self) -> Judged:
        """Take a connection; one that came too late is left to the next in line."""
        pool = self._worker.pool
        since_s = self._shop.env.now
        yield from self._take(pool)
        if self._shop.env.now - since_s > self._shop.settings.pool_timeout_s:
            pool.give_back()
            return Verdict.OVERLOADED
        self._connected = True
        self._shop.cores.at_work += 1
        return Verdict.DONE

    def _take(self, connections: Turns) -> Steps:
        """Take one that is free, or leave the thread until one is."""
        if connections.is_free():
            yield from connections.take()
        else:
            yield from self.leave()
            yield from connections.take()
            yield from self.enter()

    def _disconnect(self) -> None:
        if self._connected:
            self._connected = False
            self._shop.cores.at_work -= 1
            self._worker.pool.give_back()


class Page(Request):
    """A product page."""

    def answer(self) -> Generator[simpy.Event, Any, Answer]:
        """Read the product, and show it."""
        work = self._shop.page
        yield from self.enter()
        verdict = yield from self._connect()
        if verdict is Verdict.DONE:
            yield from self.ask(work, self._shop.database.select(work, self._pace))
        self._disconnect()
        yield from self.leave()
        return PAGE if verdict is Verdict.DONE else REFUSALS[verdict]


class Inquiry(Request):
    """The question what became of a queued order. The worker keeps it until there is an answer."""

    def __init__(self, shop: Shop, worker: Worker, order: Order) -> None:
        super().__init__(shop, worker, order.pace)
        self._order = order

    def answer(self, accepted: Answer) -> Generator[simpy.Event, Any, Answer]:
        """Look with all who ask, then wait for the worker's own look; what was decided.

        Args:
            accepted: the answer that said so, which has the spans.
        """
        work, database = self._shop.work(self._order).inquiry, self._shop.database
        decided = self._decision()
        yield from self.enter()
        self.spend(work.worker_s / 2)
        question = self._worker.together.waiting(self._order)
        self._worker.together.questions.submit(question)
        yield from self.leave()
        yield question.answered
        yield from self.enter()
        while self._order.key in database.intake:
            if decided.triggered:  # that was before the order was queued again
                decided = self._decision()
            yield from self.leave()
            yield decided
            yield from self.enter()
        self._worker.awaited.pop(self._order.key, None)
        _, verdict = database.decisions[self._order.key]
        self.spend(work.worker_s / 2)
        yield from self.leave()
        return answer_to(self._shop, self._order, verdict)._replace(spans=accepted.spans)

    def _decision(self) -> simpy.Event:
        """Happens when the worker sees that the order is decided."""
        decided = self._shop.env.event()
        self._worker.awaited[self._order.key].append(decided)
        return decided


def answer_to(shop: Shop, order: Order, verdict: Verdict) -> Answer:
    """The verdict on an order in words."""
    if verdict is Verdict.QUEUED:
        return QUEUED
    if verdict not in (Verdict.DONE, Verdict.REPLAYED):
        return REFUSALS[verdict]
    placed = shop.database.orders[order.key]
    replayed = verdict is Verdict.REPLAYED
    return Answer(Outcome.BOUGHT, 201, "", placed.order_id, placed.order.total_won, replayed)

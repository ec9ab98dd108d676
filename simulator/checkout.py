"""One request's way through a worker: an order through the stages of its strategy, or a product page.

A request holds the worker's thread except where it waits: it leaves before each wait and enters again after
it. That is what an event loop does, and a request's visits to it are what lies between its waits.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, NamedTuple, TypeVar

import simpy

from scenarios.history import Outcome
from simulator.database import Judged, Levels, Order, Transaction, Verdict, Work
from simulator.defaults import OPTIMISTIC_BACKOFF_S, OPTIMISTIC_DOUBLINGS, POOL_TIMEOUT_S
from simulator.shop import Shop, Worker
from simulator.stations import Steps
from simulator.strategies import Step

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


_REFUSALS = {
    Verdict.SOLD_OUT: Answer(Outcome.SOLD_OUT, 409, "sold_out"),
    Verdict.CONFLICT: Answer(Outcome.CONFLICT, 409, "conflict"),
    Verdict.KEY_IN_PROGRESS: Answer(Outcome.CONFLICT, 409, "key_in_progress"),
    Verdict.NO_FUNDS: Answer(Outcome.REJECTED, 402, "insufficient_funds"),
    Verdict.OVERLOADED: Answer(Outcome.UNKNOWN, 503, "overloaded"),
}
_FROM_THE_BOARD = _REFUSALS[Verdict.SOLD_OUT]._replace(spans=(("board", 0.0),))
_PAGE = Answer(Outcome.BROWSED, 200)


class Request:
    """What all requests do: compute on the worker's thread, take a connection, ask a server.

    `pace`: how much more work than the average this request makes.
    """

    def __init__(self, shop: Shop, worker: Worker, pace: float) -> None:
        self._shop = shop
        self._worker = worker
        self._thread = worker.thread
        self._pace = pace
        self._connected = False

    def _spend(self, worker_s: float) -> None:
        self._thread.spend(worker_s * self._pace)

    def _ask(self, work: Work, server: Generator[simpy.Event, Any, T]) -> Generator[simpy.Event, Any, T]:
        """Send something to a server and read its answer: one visit to the loop ends, another begins."""
        self._spend(work.worker_s / 2)
        yield from self._thread.leave()
        answer = yield from server
        yield from self._thread.enter()
        self._spend(work.worker_s / 2)
        return answer

    def _connect(self) -> Judged:
        """Take a connection; one that came too late is left to the next in line."""
        pool = self._worker.pool
        since_s = self._shop.env.now
        if pool.is_free():
            yield from pool.take()
        else:
            yield from self._thread.leave()
            yield from pool.take()
            yield from self._thread.enter()
        if self._shop.env.now - since_s > POOL_TIMEOUT_S:
            pool.give_back()
            return Verdict.OVERLOADED
        self._connected = True
        return Verdict.DONE

    def _disconnect(self) -> None:
        if self._connected:
            self._connected = False
            self._worker.pool.give_back()


class Page(Request):
    """A product page."""

    def answer(self) -> Generator[simpy.Event, Any, Answer]:
        """Read the product, and show it."""
        work = self._shop.page
        yield from self._thread.enter()
        verdict = yield from self._connect()
        if verdict is Verdict.DONE:
            yield from self._ask(work, self._shop.database.select(work, self._pace))
        self._disconnect()
        yield from self._thread.leave()
        return _PAGE if verdict is Verdict.DONE else _REFUSALS[verdict]


class Checkout(Request):
    """An order."""

    def __init__(self, shop: Shop, worker: Worker, order: Order) -> None:
        super().__init__(shop, worker, order.pace)
        self._order = order
        self._spans: list[tuple[str, float]] = []
        self._transaction = Transaction()
        self._seen: Levels = {}
        self._replayed = False
        self._begun: Work | None = None  # what it took to begin the transaction that is still open
        self._held: Work | None = None  # what it took to hold the units in Redis, while they are held

    def answer(self) -> Generator[simpy.Event, Any, Answer]:
        """From the bytes of the request to those of the answer."""
        yield from self._thread.enter()
        if self._worker.knows_sold_out(self._order):
            self._spend(self._shop.board_s)
            yield from self._thread.leave()
            return _FROM_THE_BOARD
        self._spend(self._shop.work(self._order).accept_s)
        verdict = yield from self._place_order()
        self._spend(self._shop.work(self._order).respond_s)
        yield from self._thread.leave()
        return self._in_words(verdict)

    def _in_words(self, verdict: Verdict) -> Answer:
        spans = tuple(self._spans)
        if verdict is not Verdict.DONE:
            return _REFUSALS[verdict]._replace(spans=spans)
        placed = self._shop.database.orders[self._order.key]
        return Answer(Outcome.BOUGHT, 201, "", placed.order_id, placed.order.total_won, self._replayed, spans)

    def _place_order(self) -> Judged:
        verdict = yield from self._try_until_decided()
        if verdict in (Verdict.SOLD_OUT, Verdict.CONFLICT):
            # Perhaps it was this very order, sent before, that took the last unit.
            verdict = yield from self._timed("kept_answer", self._look_up_kept_answer(verdict))
        return verdict

    def _try_until_decided(self) -> Judged:
        for tried in range(self._shop.strategy.tries):
            if tried:
                yield from self._back_off(tried)
            verdict = yield from self._go_through_stages()
            if verdict is not Verdict.STOCK_CHANGED:
                return verdict
        return Verdict.CONFLICT

    def _back_off(self, tried: int) -> Steps:
        """Wait a random time below a ceiling that doubles."""
        ceiling_s = OPTIMISTIC_BACKOFF_S * 2.0 ** min(tried - 1, OPTIMISTIC_DOUBLINGS)
        yield from self._thread.leave()
        yield self._shop.env.timeout(self._shop.random.uniform(0, ceiling_s))
        yield from self._thread.enter()

    def _go_through_stages(self) -> Judged:
        """All stages, or those up to the one that refuses, with what they leave open undone."""
        self._transaction = Transaction()
        verdict = Verdict.DONE
        for stage in self._shop.strategy.stages:
            work = self._shop.work(self._order).stages[stage.span]
            verdict = yield from self._timed(stage.span, _STEPS[stage.step](self, work))
            if verdict is not Verdict.DONE:
                break
        if self._begun:
            yield from self._roll_back(self._begun)
        self._disconnect()
        if self._held:
            yield from self._release(self._held)
        return verdict

    def _timed(self, span: str, judged: Judged) -> Judged:
        began_s = self._thread.clock()
        verdict = yield from judged
        self._spans.append((span, (self._thread.clock() - began_s) * 1e3))
        return verdict

    def _look_up_kept_answer(self, refusal: Verdict) -> Judged:
        work, database = self._shop.work(self._order).kept_answer, self._shop.database
        verdict = yield from self._connect()
        if verdict is not Verdict.DONE:
            return verdict
        kept = yield from self._ask(work, database.kept_answer(work, self._order))
        self._disconnect()
        self._replayed = kept is not None
        return Verdict.DONE if kept else refusal

    # What each step of a strategy does; `work` is what its stage asks for.

    def _take_connection(self, work: Work) -> Judged:
        verdict = yield from self._connect()
        self._spend(work.worker_s)
        return verdict

    def _read(self, work: Work) -> Judged:
        self._seen = yield from self._ask(work, self._shop.database.read(work, self._order))
        return self._enough()

    def _begin(self, work: Work) -> Judged:
        yield from self._ask(work, self._shop.database.select(work, self._pace))
        self._begun = work
        return Verdict.DONE

    def _lock(self, work: Work) -> Judged:
        locked = self._shop.database.lock(work, self._order, self._transaction)
        self._seen = yield from self._ask(work, locked)
        return self._enough()

    def _enough(self) -> Verdict:
        short = any(self._seen[sku].available < quantity for sku, quantity in self._order.lines)
        return Verdict.SOLD_OUT if short else Verdict.DONE

    def _place(self, work: Work) -> Judged:
        take, alone = self._shop.strategy.take, self._begun is None
        placing = self._shop.database.place(
            work, self._order, self._transaction, take, self._seen, alone=alone
        )
        verdict = yield from self._ask(work, placing)
        self._replayed = verdict is Verdict.REPLAYED
        return Verdict.DONE if self._replayed else verdict

    def _commit(self, work: Work) -> Judged:
        committing = self._shop.database.commit(work, self._order, self._transaction)
        yield from self._ask(work, committing)
        self._begun = None
        return Verdict.DONE

    def _roll_back(self, work: Work) -> Steps:
        rolling_back = self._shop.database.roll_back(work, self._order, self._transaction)
        yield from self._ask(work, rolling_back)
        self._begun = None

    def _hold(self, work: Work) -> Judged:
        redis = self._shop.redis
        verdict = yield from self._ask(work, redis.run(redis.hold, work, self._order))
        self._held = work if verdict is Verdict.DONE else None
        return verdict

    def _confirm(self, work: Work) -> Judged:
        self._disconnect()
        redis = self._shop.redis
        script = redis.release if self._replayed else redis.confirm
        yield from self._ask(work, redis.run(script, work, self._order))
        self._held = None
        return Verdict.DONE

    def _release(self, work: Work) -> Steps:
        redis = self._shop.redis
        yield from self._ask(work, redis.run(redis.release, work, self._order))
        self._held = None


_STEPS: dict[Step, Callable[[Checkout, Work], Judged]] = {
    Step.CONNECT: Checkout._take_connection,
    Step.READ: Checkout._read,
    Step.BEGIN: Checkout._begin,
    Step.LOCK: Checkout._lock,
    Step.PLACE: Checkout._place,
    Step.COMMIT: Checkout._commit,
    Step.HOLD: Checkout._hold,
    Step.CONFIRM: Checkout._confirm,
}

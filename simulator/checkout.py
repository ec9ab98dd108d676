"""One order's way through a worker: through the stages of its strategy, try after try, to an answer."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import simpy

from scenarios.history import Outcome
from simulator.defaults import BACK_OFF_DOUBLINGS
from simulator.generator import Generator as Client
from simulator.leases import Lease
from simulator.merging import Merger
from simulator.order import Draw, Order, Work
from simulator.requests import FROM_THE_BOARD, Answer, Inquiry, Request, answer_to
from simulator.shop import Shop, Worker
from simulator.stations import Steps
from simulator.stock import Judged, Known, Transaction, Verdict
from simulator.strategies import Step, Take
from simulator.together import Waiting

_PERHAPS_OURS = (Verdict.SOLD_OUT, Verdict.LIMIT_REACHED, Verdict.CONFLICT, Verdict.KEY_IN_PROGRESS)


class Checkout(Request):
    """An order. What a step leaves open is in `_to_undo`, by the step, until another step closes it."""

    def __init__(self, shop: Shop, worker: Worker, order: Order) -> None:
        super().__init__(shop, worker, order.pace)
        self._order = order
        self._spans: list[tuple[str, float]] = []
        self._transaction = Transaction()
        self._known = Known({})
        self._success = Verdict.DONE
        self._to_undo: dict[Step, Callable[[], Steps]] = {}
        self._lease = Lease(self, shop, worker, order)
        self._waiting = worker.together.waiting(order)

    def answer(self) -> Generator[simpy.Event, Any, Answer]:
        """From the bytes of the request to those of the answer."""
        yield from self.enter()
        self._identify()
        if self._worker.knows_sold_out(self._order):
            self.spend(self._shop.board_s)
            yield from self.leave()
            return FROM_THE_BOARD
        self.spend(self._shop.work(self._order).accept_s)
        verdict = yield from self._place_order()
        self.spend(self._shop.work(self._order).respond_s)
        yield from self.leave()
        return answer_to(self._shop, self._order, verdict)._replace(spans=tuple(self._spans))

    def _identify(self) -> None:
        """Check the shopper's token, unless this worker has seen it before."""
        if self._order.shopper not in self._worker.acquainted:
            self._worker.acquainted.add(self._order.shopper)
            self.spend(self._shop.identify_s)

    def _place_order(self) -> Judged:
        verdict = yield from self._try_until_decided()
        if verdict in _PERHAPS_OURS:
            # Perhaps it was this very order, sent before, that took the last unit.
            verdict = yield from self._timed("kept_answer", self._look_up_kept_answer(verdict))
        return verdict

    def _try_until_decided(self) -> Judged:
        tries = self._shop.settings.tries if self._shop.strategy.retries else 1
        for tried in range(tries):
            if tried:
                yield from self._back_off(tried)
            verdict = yield from self._go_through_stages()
            if verdict is not Verdict.STOCK_CHANGED:
                return verdict
        return Verdict.CONFLICT

    def _back_off(self, tried: int) -> Steps:
        """Wait a random time below a ceiling that doubles."""
        ceiling_s = self._shop.settings.backoff_s * 2.0 ** min(tried - 1, BACK_OFF_DOUBLINGS)
        yield from self.sleep(ceiling_s * self._shop.draws(Draw.BACK_OFF, *self._order.number, tried))

    def _go_through_stages(self) -> Judged:
        """All stages, or those up to the one that refuses; what they leave open is undone, the last first."""
        self._transaction = Transaction()
        verdict = self._success = Verdict.DONE
        for span, step in self._shop.strategy.stages:
            work = self._shop.work(self._order).stages.get(span, Work())
            judged = _STEPS[step](self, work)
            verdict = yield from self._timed(span, judged) if span else judged
            if verdict is not Verdict.DONE:
                break
        while self._to_undo:
            _, undo = self._to_undo.popitem()
            yield from undo()
        return self._success if verdict is Verdict.DONE else verdict

    def _timed(self, span: str, judged: Judged) -> Judged:
        began_s = self.clock()
        verdict = yield from judged
        self._spans.append((span, max(0.0, self.clock() - began_s) * 1e3))
        return verdict

    def _look_up_kept_answer(self, refusal: Verdict) -> Judged:
        work, database = self._shop.work(self._order).kept_answer, self._shop.database
        verdict = yield from self._connect()
        if verdict is not Verdict.DONE:
            return verdict
        kept = yield from self.ask(work, database.kept_answer(work, self._order))
        self._disconnect()
        return Verdict.REPLAYED if kept else refusal

    # What each step of a strategy does; `work` is what its stage asks for.

    def _take_connection(self, work: Work) -> Judged:
        verdict = yield from self._connect()
        self.spend(work.worker_s)
        if verdict is Verdict.DONE:
            self._to_undo[Step.CONNECT] = self._put_back
        return verdict

    def _give_connection_back(self, _: Work) -> Judged:
        yield from self._to_undo.pop(Step.CONNECT)()
        return Verdict.DONE

    def _put_back(self) -> Steps:
        yield from ()
        self._disconnect()

    def _begin(self, work: Work) -> Judged:
        yield from self.ask(work, self._shop.database.select(work, self._pace))
        self._to_undo[Step.BEGIN] = lambda: self._roll_back(work)
        return Verdict.DONE

    def _roll_back(self, work: Work) -> Steps:
        yield from self.ask(work, self._shop.database.roll_back(work, self._pace, self._transaction))

    def _read(self, work: Work) -> Judged:
        levels = yield from self.ask(work, self._shop.database.read(work, self._order))
        self._known = self._known._replace(levels=levels)
        return self._enough()

    def _read_fenced(self, work: Work) -> Judged:
        reading = self._shop.database.read_fenced(work, self._order, self._known.token)
        verdict, levels = yield from self.ask(work, reading)
        self._known = self._known._replace(levels=levels)
        return self._enough() if verdict is Verdict.DONE else verdict

    def _lock(self, work: Work) -> Judged:
        locked = self._shop.database.lock(work, self._order, self._transaction)
        levels = yield from self.ask(work, locked)
        self._known = self._known._replace(levels=levels)
        return self._enough()

    def _lock_units(self, work: Work) -> Judged:
        locking = self._shop.database.lock_units(work, self._order, self._transaction)
        return (yield from self.ask(work, locking))

    def _enough(self) -> Verdict:
        levels = self._known.levels
        short = any(levels[sku].available < quantity for sku, quantity in self._order.lines)
        return Verdict.SOLD_OUT if short else Verdict.DONE

    def _lock_names(self, work: Work) -> Judged:
        yield from self.ask(work, self._shop.database.lock_names(work, self._order, self._transaction))
        return Verdict.DONE

    def _reserve(self, work: Work) -> Judged:
        return (yield from self.ask(work, self._shop.database.reserve(work, self._order, self._transaction)))

    def _place(self, work: Work) -> Judged:
        take, alone = self._shop.strategy.take, Step.BEGIN not in self._to_undo
        transaction = Transaction() if alone else self._transaction
        placing = self._shop.database.place(work, self._order, transaction, take, self._known, alone=alone)
        verdict = yield from self.ask(work, placing)
        if take is Take.RESERVED and verdict is not Verdict.DONE:
            yield from self.ask(work, self._shop.database.release(work, self._order))
        return self._succeed(verdict)

    def _succeed(self, verdict: Verdict) -> Verdict:
        """Go on with what counts as a success."""
        if verdict in (Verdict.REPLAYED, Verdict.QUEUED):
            self._success = verdict
            return Verdict.DONE
        return verdict

    def _commit(self, work: Work) -> Judged:
        committing = self._shop.database.commit(work, self._pace, self._transaction)
        yield from self.ask(work, committing)
        del self._to_undo[Step.BEGIN]
        return Verdict.DONE

    def _hold(self, work: Work) -> Judged:
        redis = self._shop.redis
        verdict = yield from self.ask_redis(work, lambda: redis.hold(self._order))
        if verdict is Verdict.DONE:
            self._to_undo[Step.HOLD] = lambda: self._release(work)
        return verdict

    def _release(self, work: Work) -> Steps:
        yield from self.ask_redis(work, lambda: self._shop.redis.release(self._order))

    def _confirm(self, work: Work) -> Judged:
        return (yield from self._end_hold(work, self._shop.redis.confirm, self._success is Verdict.DONE))

    def _enqueue(self, work: Work) -> Judged:
        return (yield from self._end_hold(work, self._shop.redis.enqueue, self._success is Verdict.QUEUED))

    def _end_hold(self, work: Work, script: Callable[[Order], Verdict], wanted: bool) -> Judged:
        """Do what follows a hold, or release it where the order was placed before."""
        del self._to_undo[Step.HOLD]
        script = script if wanted else self._shop.redis.release
        return (yield from self.ask_redis(work, lambda: script(self._order)))

    def _take_lease(self, work: Work) -> Judged:
        verdict = yield from self._lease.take(work)
        if self._lease.is_asked_for:
            self._to_undo[Step.LEASE] = self._undo_lease
        return verdict

    def _take_fenced_lease(self, work: Work) -> Judged:
        verdict = yield from self._take_lease(work)
        if verdict is Verdict.DONE:
            token = yield from self.ask_redis(work, self._shop.redis.next_token)
            self._known = Known({}, token)
        return verdict

    def _give_lease_back(self, work: Work) -> Judged:
        del self._to_undo[Step.LEASE]
        yield from self._lease.give_back(work)
        return Verdict.DONE

    def _undo_lease(self) -> Steps:
        span = next(stage.span for stage in self._shop.strategy.stages if stage.step is Step.UNLEASE)
        work = self._shop.work(self._order).stages[span]
        self._to_undo[Step.LEASE] = self._undo_lease
        yield from self._timed(span, self._give_lease_back(work))

    def _line_up(self, _: Work) -> Judged:
        lane = self._shop.lanes[self._order.lines[0][0]]
        yield from self._wait_in(self._worker.together.lanes[lane])
        return Verdict.DONE

    def _send(self, _: Work) -> Judged:
        return (yield from self._be_answered())

    def _journal(self, _: Work) -> Judged:
        yield from self._wait_in(self._worker.together.journal)
        return (yield from self._be_answered())

    def _batch(self, _: Work) -> Judged:
        yield from self._wait_in(self._worker.together.batch)
        return (yield from self._be_answered())

    def _wait_in(self, merger: Merger[Waiting]) -> Steps:
        """Wait with others until they have a connection."""
        merger.submit(self._waiting)
        yield from self.leave()
        yield self._waiting.connected

    def _be_answered(self) -> Judged:
        """Wait for what the batch comes to."""
        verdict = yield self._waiting.answered
        yield from self.enter()
        return self._succeed(verdict)


_STEPS: dict[Step, Callable[[Checkout, Work], Judged]] = {
    Step.CONNECT: Checkout._take_connection,
    Step.DISCONNECT: Checkout._give_connection_back,
    Step.BEGIN: Checkout._begin,
    Step.READ: Checkout._read,
    Step.READ_FENCED: Checkout._read_fenced,
    Step.LOCK: Checkout._lock,
    Step.LOCK_UNITS: Checkout._lock_units,
    Step.LOCK_NAMES: Checkout._lock_names,
    Step.RESERVE: Checkout._reserve,
    Step.PLACE: Checkout._place,
    Step.COMMIT: Checkout._commit,
    Step.LEASE: Checkout._take_lease,
    Step.LEASE_FENCED: Checkout._take_fenced_lease,
    Step.UNLEASE: Checkout._give_lease_back,
    Step.HOLD: Checkout._hold,
    Step.CONFIRM: Checkout._confirm,
    Step.ENQUEUE: Checkout._enqueue,
    Step.LINE_UP: Checkout._line_up,
    Step.SEND: Checkout._send,
    Step.BATCH: Checkout._batch,
    Step.JOURNAL: Checkout._journal,
}


def exchange(
    shop: Shop, worker: Worker, order: Order, client: Client, acknowledged: Callable[[], None]
) -> Generator[simpy.Event, Any, Answer]:
    """Send an order, and if it is queued (which is `acknowledged`) wait for its decision; the last answer."""
    answer = yield from Checkout(shop, worker, order).answer()
    yield client.receive(shop.wire_s)
    if answer.outcome is Outcome.QUEUED:
        acknowledged()
        yield client.send()
        answer = yield from Inquiry(shop, worker, order).answer(answer)
        yield client.receive(shop.wire_s)
    return answer

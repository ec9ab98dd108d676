"""What is done once for many orders: messages of a lane, micro batches, the journal, and the consumer."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import simpy

from simulator.defaults import BATCH_MOST
from simulator.merging import Merger
from simulator.order import Order, Work
from simulator.stations import Steps, Thread, timer_s
from simulator.stock import Known, Transaction, Verdict
from simulator.strategies import Stage, Step

if TYPE_CHECKING:
    from simulator.shop import Shop, Worker

# Of the database's CPU for a batch in one transaction: to lock and read, to write, and to commit.
OPEN_SHARE, WRITE_SHARE, COMMIT_SHARE = 0.45, 0.5, 0.05

Verdicts = Generator[simpy.Event, Any, Sequence[Verdict]]


@dataclass(slots=True)
class Waiting:
    """An order that is done together with others: `connected` when its batch has a connection."""

    order: Order
    connected: simpy.Event
    answered: simpy.Event = field(repr=False)


class Together:
    """A worker's messages, batches and journal entries, each over a connection of its pool."""

    def __init__(self, shop: Shop, worker: Worker) -> None:
        self._shop = shop
        self._worker = worker
        settings = shop.settings
        self.lanes = [
            self._merger(Step.SEND, self._place, window_s=0, most=settings.pipeline)
            for _ in range(settings.pool_size)
        ]
        self.batch = self._merger(Step.BATCH, self._decide, window_s=settings.batch_window_s, most=BATCH_MOST)
        self.journal = self._merger(
            Step.JOURNAL, self._accept, window_s=settings.batch_window_s, most=BATCH_MOST
        )

        self.questions = self._merger(None, self._look_up, window_s=0, most=BATCH_MOST)

    def _merger(
        self,
        step: Step | None,
        serve: Callable[[Sequence[Order], str], Verdicts],
        *,
        window_s: float,
        most: int,
    ) -> Merger[Waiting]:
        span = next((stage.span for stage in self._shop.strategy.stages if stage.step is step), "")

        def work(batch: list[Waiting]) -> Steps:
            yield from self._worker.pool.take()
            for one in batch:
                one.connected.succeed()
            verdicts = yield from serve([one.order for one in batch], span)
            self._worker.pool.give_back()
            for one, verdict in zip(batch, verdicts, strict=True):
                one.answered.succeed(verdict)

        return Merger(self._shop.env, work, window_s=window_s, most=most)

    def waiting(self, order: Order) -> Waiting:
        """An order that is to be submitted to one of the mergers."""
        return Waiting(order, self._shop.env.event(), self._shop.env.event())

    def _place(self, orders: Sequence[Order], span: str) -> Verdicts:
        """All orders in one message, each placed and committed for itself."""
        shop, thread = self._shop, self._worker.thread
        shop.batches[span] += 1
        once = shop.once[span]
        worker_s = _worker_s(shop, orders, span)
        yield from _compute(thread, worker_s / 2)
        yield from shop.cores.run(once.database_s, "database")
        verdicts = []
        for order in orders:
            work = shop.work(order).stages[span]
            take = shop.strategy.take
            verdict = yield from shop.database.place(work, order, Transaction(), take, Known({}), alone=True)
            verdicts.append(verdict)
        yield from _compute(thread, worker_s / 2)
        return verdicts

    def _decide(self, orders: Sequence[Order], span: str) -> Verdicts:
        verdicts = yield from decide(
            self._shop, self._worker.thread, _worker_s(self._shop, orders, span), orders, span
        )
        return verdicts

    def _accept(self, orders: Sequence[Order], span: str) -> Verdicts:
        """All orders into the intake."""
        shop, once = self._shop, self._shop.once[span]
        shop.batches[span] += 1
        worker_s = _worker_s(shop, orders, span)
        yield from _compute(self._worker.thread, worker_s / 2)
        transaction = Transaction()
        work = Work(database_s=_database_s(shop, orders, span), flush_s=once.flush_s)
        yield from shop.database.commit(work, 1.0, transaction)
        verdicts = [shop.database.accept(order) for order in orders]
        yield from _compute(self._worker.thread, worker_s / 2)
        return verdicts

    def _look_up(self, orders: Sequence[Order], _: str) -> Verdicts:
        """Whether they are decided."""
        work = self._shop.look_up
        yield from _compute(self._worker.thread, work.worker_s / 2)
        yield from self._shop.database.select(work, 1.0)
        yield from _compute(self._worker.thread, work.worker_s / 2)
        return [Verdict.QUEUED for _ in orders]


def decide(shop: Shop, thread: Thread, thread_s: float, orders: Sequence[Order], span: str) -> Verdicts:
    """Lock and read for all orders, decide them in turn, write what can be had, and commit once."""
    shop.batches[span] += 1
    database, transaction = shop.database, Transaction()
    database_s = _database_s(shop, orders, span)
    yield from _compute(thread, thread_s * 0.25)
    yield from database.lock_stock(database_s * OPEN_SHARE, orders, transaction)
    yield from _compute(thread, thread_s * 0.5)
    verdicts = database.decide(orders, transaction)
    yield from shop.cores.take()
    yield from shop.cores.work_off(database_s * WRITE_SHARE, "database")
    shop.cores.give_back()
    commit = Work(database_s=database_s * COMMIT_SHARE, flush_s=shop.once[span].flush_s)
    yield from database.commit(commit, 1.0, transaction)
    yield from _compute(thread, thread_s * 0.25)
    return verdicts


def _compute(thread: Thread, work_s: float) -> Steps:
    yield from thread.enter()
    thread.spend(work_s)
    yield from thread.leave()


def _worker_s(shop: Shop, orders: Sequence[Order], span: str) -> float:
    each_s = sum(shop.work(order).stages[span].worker_s * order.pace for order in orders)
    return shop.once[span].worker_s + each_s


def _database_s(shop: Shop, orders: Sequence[Order], span: str) -> float:
    each_s = sum(shop.work(order).stages[span].database_s * order.pace for order in orders)
    return shop.once[span].database_s + each_s


class Consumer:
    """The process that decides what was queued: it reads, decides and settles, or waits for more."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._thread = Thread(shop.env, shop.cores, "consumer")

    def run(self) -> Steps:
        """Until the shop is closed and nothing is left to decide."""
        shop, read = self._shop, self._shop.strategy.consumer[0]
        while True:
            closing = not shop.is_open
            orders = yield from self._read(read)
            if orders:
                for stage in shop.strategy.consumer[1:]:
                    yield from (
                        self._settle(stage, orders)
                        if stage.step is Step.SETTLE
                        else self._decide(stage, orders)
                    )
            elif closing:
                return
            else:
                yield shop.env.timeout(timer_s(shop.settings.batch_window_s))

    def _read(self, stage: Stage) -> Generator[simpy.Event, Any, list[Order]]:
        shop, once = self._shop, self._shop.once[stage.span]
        shop.batches[stage.span] += 1
        yield from _compute(self._thread, once.consumer_s / 2)
        if stage.step is Step.READ_STREAM:
            orders = yield from shop.redis.run(self._next_of_stream, once.redis_s)
        else:
            yield from shop.cores.run(once.database_s, "database")
            orders = list(islice(shop.database.intake.values(), BATCH_MOST))
        yield from _compute(self._thread, once.consumer_s / 2)
        return orders

    def _next_of_stream(self) -> list[Order]:
        stream = self._shop.redis.stream
        return [stream.popleft() for _ in range(min(BATCH_MOST, len(stream)))]

    def _decide(self, stage: Stage, orders: Sequence[Order]) -> Steps:
        shop, once = self._shop, self._shop.once[stage.span]
        each_s = sum(shop.work(order).stages[stage.span].consumer_s * order.pace for order in orders)
        verdicts = yield from decide(shop, self._thread, once.consumer_s + each_s, orders, stage.span)
        shop.database.conclude(orders, verdicts)

    def _settle(self, stage: Stage, orders: Sequence[Order]) -> Steps:
        """Tell Redis of all orders side by side, then that they are done."""
        shop, once = self._shop, self._shop.once[stage.span]
        shop.batches[stage.span] += 1
        each = [shop.work(order).stages[stage.span] for order in orders]
        consumer_s = once.consumer_s + sum(work.consumer_s for work in each)
        redis_s = once.redis_s + sum(work.redis_s for work in each)
        yield from _compute(self._thread, consumer_s / 2)
        yield from shop.redis.run(lambda: self._settle_all(orders), redis_s)
        yield from _compute(self._thread, consumer_s / 2)

    def _settle_all(self, orders: Sequence[Order]) -> None:
        redis, decisions = self._shop.redis, self._shop.database.decisions
        for order in orders:
            (redis.confirm if decisions[order.key][1] is Verdict.DONE else redis.release)(order)

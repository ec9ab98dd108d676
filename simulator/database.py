"""The database: statements that take its CPU, locks and disk, and the books that its transactions leave."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from itertools import count
from typing import Any

import simpy

from scenarios.scenario import Sku
from simulator.locks import Disk, Lock, RowLock
from simulator.order import Draw, Draws, Order, Placed, Work
from simulator.stations import Cores, Steps
from simulator.stock import (
    Judged,
    Known,
    Level,
    Line,
    Reservations,
    Transaction,
    UnitRows,
    Verdict,
    stock_kept_in,
)
from simulator.strategies import KeptIn, Take

# Where an order's statement spends the database's CPU: most of it before it takes the stock, which comes
# last; and of the rest a part after the flush, to let others see what it has written and to answer.
BEFORE_THE_LOCK, BEFORE_THE_FLUSH, AFTER_THE_FLUSH = 0.7, 0.2, 0.1

Levels = dict[int, Level]
"""Of the SKUs of one order."""


class Database:
    """One PostgreSQL server.

    Args:
        skus: what is sold, in which units are counted as `kept_in` says.
        balances_won: of each shopper.
        wake_s: CPU that the waking of one waiter costs.
    """

    def __init__(
        self,
        env: simpy.Environment,
        cores: Cores,
        draws: Draws,
        *,
        skus: Sequence[Sku],
        kept_in: KeptIn,
        buckets: int,
        balances_won: list[int],
        wake_s: float,
    ) -> None:
        self._env = env
        self._cores = cores
        self.wake_s = wake_s
        self._disk = Disk(env, self._cores)
        self._claimed: set[str] = set()
        self._on_hold: set[str] = set()  # keys of orders that the ledger holds units for
        rows, served = count(), count()

        def row_lock() -> RowLock:
            row = next(rows)
            return RowLock(env, cores, wake_s, lambda: draws(Draw.WAITER, row, next(served)))

        self.stock = [
            stock_kept_in(kept_in, sku.units, sku.limit, row_lock, Lock(env, cores, wake_s), buckets=buckets)
            for sku in skus
        ]
        self.balances_won = balances_won
        self.orders: dict[str, Placed] = {}
        self.intake: dict[
            str, Order
        ] = {}  # accepted and not decided, by key, in the order in which they came
        self.decisions: dict[str, tuple[Order, Verdict]] = {}
        self.decided: list[str] = []  # keys in the order of their decisions

    # Statements. Each is asked for with its `work`, for an order with its own pace.

    def select(self, work: Work, pace: float) -> Steps:
        """Any statement that no lock can hold up."""
        yield from self._cores.run(work.database_s * pace, "database")

    def read(self, work: Work, order: Order) -> Generator[simpy.Event, Any, Levels]:
        """The stock of the order's SKUs as it is committed."""
        yield from self.select(work, order.pace)
        return self._levels(order)

    def read_fenced(
        self, work: Work, order: Order, token: int
    ) -> Generator[simpy.Event, Any, tuple[Verdict, Levels]]:
        """The same, and shut out older tokens from now on; a transaction of its own."""
        transaction = Transaction()
        yield from self._cores.take()
        yield self._compute(work.database_s * order.pace * (1 - AFTER_THE_FLUSH))
        for sku, _ in order.lines:
            verdict = yield from self.stock[sku].raise_fence(token, transaction)
            if verdict is not Verdict.DONE:
                self._cores.give_back()
                transaction.roll_back()
                return verdict, {}
        levels = self._levels(order)
        self._cores.give_back()
        yield from self._finish(work, transaction, work.database_s * order.pace * AFTER_THE_FLUSH)
        return Verdict.DONE, levels

    def kept_answer(self, work: Work, order: Order) -> Generator[simpy.Event, Any, Placed | None]:
        """The order that was placed under this key, if there is one."""
        yield from self.select(work, order.pace)
        return self.orders.get(order.key)

    def lock(self, work: Work, order: Order, transaction: Transaction) -> Generator[simpy.Event, Any, Levels]:
        """The stock of the order's SKUs, locked to the end of the transaction."""
        locks = [self.stock[sku].row.lock for sku, _ in order.lines]
        yield from self._lock_all(locks, work.database_s * order.pace, transaction)
        return self._levels(order)

    def lock_units(self, work: Work, order: Order, transaction: Transaction) -> Judged:
        """Rows of units that nobody else has locked, to the end of the transaction."""
        yield from self.select(work, order.pace)
        if order.key in self._on_hold or order.key in self.orders:
            return Verdict.KEY_IN_PROGRESS
        for sku, quantity in order.lines:
            stock = self.stock[sku]
            if isinstance(stock, UnitRows) and stock.lock_units(quantity, transaction) is Verdict.SOLD_OUT:
                return Verdict.SOLD_OUT
        self._on_hold.add(order.key)  # until it is placed
        transaction.at_rollback.append(lambda: self._on_hold.discard(order.key))
        return Verdict.DONE

    def lock_names(self, work: Work, order: Order, transaction: Transaction) -> Steps:
        """Locks that bear the names of the SKUs, to the end of the transaction."""
        locks = [self.stock[sku].name_lock for sku, _ in order.lines]
        yield from self._lock_all(locks, work.database_s * order.pace, transaction)

    def lock_stock(self, work_s: float, orders: Sequence[Order], transaction: Transaction) -> Steps:
        """The stock of all SKUs of a batch, in the order in which everybody locks."""
        skus = sorted({line for order in orders for line in order.lines})
        locks = [self.stock[sku].row.lock for sku in dict.fromkeys(sku for sku, _ in skus)]
        yield from self._lock_all(locks, work_s, transaction)

    def _lock_all(self, locks: Sequence[Lock], work_s: float, transaction: Transaction) -> Steps:
        yield from self._cores.take()
        yield from self._cores.work_off(work_s, "database")
        for lock in locks:
            yield from transaction.lock(lock)
        self._cores.give_back()

    def reserve(self, work: Work, order: Order, transaction: Transaction) -> Judged:
        """Hold the order's units, if the sum of what is sold and held leaves enough."""
        entries = sum(self.stock[sku].entries for sku, _ in order.lines)
        yield from self._cores.run(work.database_s * order.pace + work.entry_s * entries, "database")
        if order.key in self._on_hold or order.key in self.orders:
            return Verdict.KEY_IN_PROGRESS
        transaction.at_commit.append(lambda: self._on_hold.add(order.key))
        for sku, quantity in order.lines:
            stock = self.stock[sku]
            if isinstance(stock, Reservations) and stock.hold(quantity, transaction) is Verdict.SOLD_OUT:
                return Verdict.SOLD_OUT
        return Verdict.DONE

    def release(self, work: Work, order: Order) -> Steps:
        """Take the order's holds off the ledger."""
        yield from self.select(work, order.pace)
        self._on_hold.discard(order.key)
        for sku, quantity in order.lines:
            stock = self.stock[sku]
            if isinstance(stock, Reservations):
                stock.release(quantity)

    def place(
        self, work: Work, order: Order, transaction: Transaction, take: Take, known: Known, *, alone: bool
    ) -> Judged:
        """Record the order, then take its stock; `alone`: in a transaction of this one statement."""
        whole_s = work.database_s * order.pace
        yield from self._cores.take()
        yield self._compute(whole_s * BEFORE_THE_LOCK)
        verdict = self.judge(order)
        if verdict is Verdict.DONE:
            self.record(order, transaction)
            verdict = yield from self._take_all(order, transaction, take, known)
        commits = alone and verdict is Verdict.DONE
        yield self._compute(whole_s * (BEFORE_THE_FLUSH if commits else BEFORE_THE_FLUSH + AFTER_THE_FLUSH))
        self._cores.give_back()
        if commits:
            yield from self._finish(work, transaction, whole_s * AFTER_THE_FLUSH)
        elif alone:
            transaction.roll_back()
        return verdict

    def _take_all(self, order: Order, transaction: Transaction, take: Take, known: Known) -> Judged:
        for sku, quantity in order.lines:
            wanted = Line(take, order.shopper, quantity, known.levels.get(sku), known.token, transaction)
            verdict = yield from self.stock[sku].take(wanted)
            if verdict is not Verdict.DONE:
                return verdict
        return Verdict.DONE

    def commit(self, work: Work, pace: float, transaction: Transaction) -> Steps:
        """Flush what was written, then let everybody see it."""
        half_s = work.database_s * pace / 2
        yield from self._cores.run(half_s, "database")
        yield from self._finish(work, transaction, half_s)

    def _finish(self, work: Work, transaction: Transaction, rest_s: float) -> Steps:
        """What follows the record of a commit. Who waits for a row is woken before the answer is sent."""
        yield from self._disk.flush(work.flush_s)
        yield self._compute(rest_s / 2)
        transaction.commit()
        yield self._compute(rest_s / 2)
        self._cores.give_back()

    def roll_back(self, work: Work, pace: float, transaction: Transaction) -> Steps:
        """Forget what was written."""
        yield from self.select(work, pace)
        transaction.roll_back()

    def _compute(self, work_s: float) -> simpy.Event:
        return self._cores.compute(work_s, "database")

    # What a statement finds and leaves, at the moment at which it does.

    def has(self, order: Order) -> bool:
        """Whether the units of the order are there, as far as is committed."""
        return all(self.stock[sku].available >= quantity for sku, quantity in order.lines)

    def _levels(self, order: Order) -> Levels:
        return {sku: self.stock[sku].level for sku, _ in order.lines}

    def judge(self, order: Order) -> Verdict:
        """What there is to say against an order apart from the stock; REPLAYED if it was placed before."""
        if order.key in self._claimed:
            return Verdict.KEY_IN_PROGRESS
        if order.key in self.orders:
            return Verdict.REPLAYED
        for sku, quantity in order.lines:
            stock = self.stock[sku]
            if stock.limit is not None and stock.bought_by.get(order.shopper, 0) + quantity > stock.limit:
                return Verdict.LIMIT_REACHED
        return Verdict.NO_FUNDS if self.balances_won[order.shopper] < order.total_won else Verdict.DONE

    def record(self, order: Order, transaction: Transaction) -> None:
        """Claim the key, count towards the limits, and pay from the wallet."""
        placed = Placed(order.key, order, self._env.now)
        self._claimed.add(order.key)
        self._count(order, 1)

        def keep() -> None:
            self.orders[order.key] = placed
            self._claimed.discard(order.key)
            self._on_hold.discard(order.key)

        def forget() -> None:
            self._claimed.discard(order.key)
            self._count(order, -1)

        transaction.at_commit.append(keep)
        transaction.at_rollback.append(forget)

    def _count(self, order: Order, times: int) -> None:
        self.balances_won[order.shopper] -= times * order.total_won
        for sku, quantity in order.lines:
            stock = self.stock[sku]
            if stock.limit is not None:
                has = stock.bought_by.get(order.shopper, 0)
                stock.bought_by[order.shopper] = has + times * quantity

    def decide(self, orders: Sequence[Order], transaction: Transaction) -> list[Verdict]:
        """What becomes of the orders of a batch, the earlier ones first served; their stock is locked."""
        left = {sku: self.stock[sku].available for order in orders for sku, _ in order.lines}
        verdicts = [self._decide_one(order, left, transaction) for order in orders]
        for sku, units in left.items():
            if units != self.stock[sku].available:
                self.stock[sku].row.leave(units, transaction)
        return verdicts

    def _decide_one(self, order: Order, left: dict[int, int], transaction: Transaction) -> Verdict:
        verdict = self.judge(order)
        if verdict is not Verdict.DONE:
            return verdict
        if any(left[sku] < quantity for sku, quantity in order.lines):
            return Verdict.SOLD_OUT
        self.record(order, transaction)
        for sku, quantity in order.lines:
            left[sku] -= quantity
            self.stock[sku].buyers.add(order.shopper)
        return Verdict.DONE

    def accept(self, order: Order) -> Verdict:
        """Put an order into the intake, unless it was placed before."""
        if order.key in self.orders:
            return Verdict.REPLAYED
        self.decisions.pop(order.key, None)
        self.intake.setdefault(order.key, order)
        return Verdict.QUEUED

    def conclude(self, orders: Sequence[Order], verdicts: Sequence[Verdict]) -> None:
        """Take decided orders out of the intake, and let their shoppers know."""
        for order, verdict in zip(orders, verdicts, strict=True):
            self.intake.pop(order.key, None)
            self.decisions[order.key] = (order, verdict)
            self.decided.append(order.key)

"""The database: rows with locks, transactions, and the books that they leave.

Values are read and written at their moments. What a transaction has written is seen by others once it has
committed, and its row locks are held to that moment, as under READ COMMITTED.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from random import Random
from typing import Any, NamedTuple, Self

import simpy

from scenarios.arrivals import Cart
from simulator.profile import Demand
from simulator.stations import Cores, Disk, RowLock, Steps
from simulator.strategies import Take

# Where an order's statement spends the database's CPU: most of it before it takes the stock, which comes
# last; and of the rest a part after the flush, to let others see what it has written and to answer.
_BEFORE_THE_LOCK = 0.7
_BEFORE_THE_FLUSH = 0.65


class Verdict(Enum):
    """How a step went."""

    DONE = auto()
    REPLAYED = auto()  # the order was there already
    SOLD_OUT = auto()
    STOCK_CHANGED = auto()
    CONFLICT = auto()
    KEY_IN_PROGRESS = auto()
    NO_FUNDS = auto()
    OVERLOADED = auto()


Judged = Generator[simpy.Event, Any, Verdict]
"""A part of a SimPy process that gives back how it went."""


class Work(NamedTuple):
    """What one step asks for, in seconds: CPU of three roles, and the flush to disk."""

    worker_s: float
    database_s: float
    redis_s: float
    flush_s: float

    @classmethod
    def of(cls, demand: Demand, ms_s: float) -> Self:
        """A demand in seconds: `ms_s` for each millisecond."""
        return cls(
            *(ms_s * ms for ms in (demand.worker_ms, demand.database_ms, demand.redis_ms, demand.flush_ms))
        )


@dataclass(slots=True)
class Order:
    """A cart with its shopper and idempotency key. `lines` are in the order in which rows are locked.

    `pace` is how much more work than the average this request makes.
    """

    shopper: int
    key: str
    lines: Cart
    total_won: int
    pace: float


class Placed(NamedTuple):
    """An order on the books. `placed_s` is the moment when its row was written."""

    order_id: str
    order: Order
    placed_s: float


class Level(NamedTuple):
    """What a read of one stock row saw."""

    available: int
    version: int


Levels = dict[int, Level]
"""Of the SKUs of one order."""


class Row:
    """The stock of one SKU as committed, and its lock."""

    __slots__ = ("available", "buyers", "lock", "version")

    def __init__(self, available: int, lock: RowLock) -> None:
        self.available = available
        self.version = 0
        self.lock = lock
        self.buyers: set[int] = set()


@dataclass(slots=True)
class Transaction:
    """The rows it has locked, what it will leave in them, and the order it records."""

    locked: dict[int, Row] = field(default_factory=dict)
    leaves: dict[int, int] = field(default_factory=dict)
    recorded: Placed | None = None


class Database:
    """One PostgreSQL server.

    Args:
        units: of each SKU.
        balances_won: of each shopper.
        wake_s: CPU that the waking of one waiter costs.
    """

    def __init__(
        self,
        env: simpy.Environment,
        cores: Cores,
        random: Random,
        *,
        units: Sequence[int],
        balances_won: list[int],
        wake_s: float,
    ) -> None:
        self._env = env
        self._cores = cores
        self._disk = Disk(env)
        self._claimed: set[str] = set()
        self.rows = [Row(available, RowLock(env, cores, random, wake_s)) for available in units]
        self.balances_won = balances_won
        self.orders: dict[str, Placed] = {}

    def has(self, order: Order) -> bool:
        """Whether the units of the order are there, as far as is committed."""
        return all(self.rows[sku].available >= quantity for sku, quantity in order.lines)

    def select(self, work: Work, pace: float) -> Steps:
        """Any statement that no lock can hold up."""
        yield from self._cores.run(work.database_s * pace, "database")

    def read(self, work: Work, order: Order) -> Generator[simpy.Event, Any, Levels]:
        """The stock of the order's SKUs as it is committed."""
        yield from self.select(work, order.pace)
        return self._levels(order)

    def kept_answer(self, work: Work, order: Order) -> Generator[simpy.Event, Any, Placed | None]:
        """The order that was placed under this key, if there is one."""
        yield from self.select(work, order.pace)
        return self.orders.get(order.key)

    def lock(self, work: Work, order: Order, transaction: Transaction) -> Generator[simpy.Event, Any, Levels]:
        """The stock of the order's SKUs, locked to the end of the transaction."""
        yield from self.select(work, order.pace)
        for sku, _ in order.lines:
            yield from self._lock_row(sku, transaction)
        return self._levels(order)

    def place(
        self, work: Work, order: Order, transaction: Transaction, take: Take, seen: Levels, *, alone: bool
    ) -> Judged:
        """Record the order, then take its stock; `alone`: in a transaction of this one statement."""
        whole_s = work.database_s * order.pace
        yield from self._cores.run(whole_s * _BEFORE_THE_LOCK, "database")
        verdict = self._record(order, transaction)
        if verdict is Verdict.DONE:
            verdict = yield from self._take_all(order, transaction, take, seen)
        rest_s = whole_s * (1 - _BEFORE_THE_LOCK)
        if alone and verdict is Verdict.DONE:
            yield from self._cores.run(rest_s * _BEFORE_THE_FLUSH, "database")
            yield from self._finish(work, order, transaction, rest_s * (1 - _BEFORE_THE_FLUSH))
        else:
            yield from self._cores.run(rest_s, "database")
            if alone:
                self._forget(order, transaction)
        return verdict

    def commit(self, work: Work, order: Order, transaction: Transaction) -> Steps:
        """Flush what was written, then let everybody see it."""
        half_s = work.database_s * order.pace / 2
        yield from self._cores.run(half_s, "database")
        yield from self._finish(work, order, transaction, half_s)

    def _finish(self, work: Work, order: Order, transaction: Transaction, rest_s: float) -> Steps:
        """What follows the record of a commit. Who waits for a row is woken before the answer is sent."""
        yield from self._disk.flush(work.flush_s)
        yield from self._cores.take()
        yield self._cores.compute(rest_s / 2, "database")
        self._publish(order, transaction)
        yield self._cores.compute(rest_s / 2, "database")
        self._cores.give_back()

    def roll_back(self, work: Work, order: Order, transaction: Transaction) -> Steps:
        """Forget what was written."""
        yield from self.select(work, order.pace)
        self._forget(order, transaction)

    def _publish(self, order: Order, transaction: Transaction) -> None:
        if transaction.recorded:
            self.orders[order.key] = transaction.recorded
            self._claimed.discard(order.key)
        for sku, left in transaction.leaves.items():
            row = self.rows[sku]
            row.available = left
            row.version += 1
            row.buyers.add(order.shopper)
        self._unlock(transaction)

    def _forget(self, order: Order, transaction: Transaction) -> None:
        if transaction.recorded:
            self._claimed.discard(order.key)
            self.balances_won[order.shopper] += order.total_won
        self._unlock(transaction)

    def _levels(self, order: Order) -> Levels:
        rows = {sku: self.rows[sku] for sku, _ in order.lines}
        return {sku: Level(row.available, row.version) for sku, row in rows.items()}

    def _record(self, order: Order, transaction: Transaction) -> Verdict:
        """Claim the key and pay from the wallet."""
        if order.key in self._claimed:
            return Verdict.KEY_IN_PROGRESS
        if order.key in self.orders:
            return Verdict.REPLAYED
        if self.balances_won[order.shopper] < order.total_won:
            return Verdict.NO_FUNDS
        self._claimed.add(order.key)
        self.balances_won[order.shopper] -= order.total_won
        transaction.recorded = Placed(order.key, order, self._env.now)
        return Verdict.DONE

    def _take_all(self, order: Order, transaction: Transaction, take: Take, seen: Levels) -> Judged:
        for sku, quantity in order.lines:
            verdict = yield from self._take(sku, quantity, transaction, take, seen)
            if verdict is not Verdict.DONE:
                return verdict
        return Verdict.DONE

    def _take(self, sku: int, quantity: int, transaction: Transaction, take: Take, seen: Levels) -> Judged:
        """Take the units of one line; the condition is looked at before the row is waited for, and after."""
        verdict = self._condition(sku, quantity, take, seen)
        if verdict is Verdict.DONE:
            yield from self._lock_row(sku, transaction)
            verdict = self._condition(sku, quantity, take, seen)
        if verdict is Verdict.DONE:
            before = seen[sku] if take is Take.OVERWRITE else self.rows[sku]
            transaction.leaves[sku] = before.available - quantity
        return verdict

    def _condition(self, sku: int, quantity: int, take: Take, seen: Levels) -> Verdict:
        row = self.rows[sku]
        if take is Take.IF_ENOUGH and row.available < quantity:
            return Verdict.SOLD_OUT
        if take is Take.IF_UNCHANGED and row.version != seen[sku].version:
            return Verdict.STOCK_CHANGED
        return Verdict.DONE

    def _lock_row(self, sku: int, transaction: Transaction) -> Steps:
        if sku not in transaction.locked:
            yield from self.rows[sku].lock.acquire()
            transaction.locked[sku] = self.rows[sku]

    def _unlock(self, transaction: Transaction) -> None:
        for row in transaction.locked.values():
            row.lock.release()
        transaction.locked.clear()

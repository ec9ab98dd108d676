"""Stock in the database: where the units of a SKU are counted, and how each strategy takes them.

Values are read and written at their moments. What a transaction has written is seen by others once it has
committed, and its locks are held to that moment.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, NamedTuple

import simpy

from scenarios.arrivals import mix64
from simulator.locks import Lock, RowLock
from simulator.stations import Steps
from simulator.strategies import KeptIn, Take

Locks = Callable[[], RowLock]
"""Makes the lock of another row."""


class Verdict(Enum):
    """How a step went."""

    DONE = auto()
    QUEUED = auto()
    REPLAYED = auto()  # the order was there already
    SOLD_OUT = auto()
    GONE = auto()  # sold out meanwhile, says the board
    LIMIT_REACHED = auto()
    STOCK_CHANGED = auto()
    CONFLICT = auto()
    KEY_IN_PROGRESS = auto()
    NO_FUNDS = auto()
    OVERLOADED = auto()


Judged = Generator[simpy.Event, Any, Verdict]
"""A part of a SimPy process that gives back how it went."""


@dataclass(slots=True)
class Transaction:
    """The locks that it holds, and what its end does: to the good, or as if it had never been."""

    locked: list[Lock] = field(default_factory=list)
    at_commit: list[Callable[[], None]] = field(default_factory=list)
    at_rollback: list[Callable[[], None]] = field(default_factory=list)

    def lock(self, lock: Lock) -> Steps:
        """Wait for a lock, and hold it to the end."""
        if lock not in self.locked:
            yield from lock.acquire()
            self.locked.append(lock)

    def commit(self) -> None:
        """Let everybody see what was written."""
        self._end(self.at_commit)

    def roll_back(self) -> None:
        """Leave no trace."""
        self._end(self.at_rollback)

    def _end(self, effects: list[Callable[[], None]]) -> None:
        for effect in effects:
            effect()
        self.at_commit.clear()
        self.at_rollback.clear()
        for lock in self.locked:
            lock.release()
        self.locked.clear()


class Level(NamedTuple):
    """What a read of one SKU's stock saw."""

    available: int
    version: int


class Known(NamedTuple):
    """What an order knows of the stock when it takes its units: levels by SKU, and the token of its lease."""

    levels: dict[int, Level]
    token: int = 0


class Line(NamedTuple):
    """So many units for a shopper: how they are taken, with what is known of them, in which transaction."""

    take: Take
    shopper: int
    quantity: int
    known: Level | None
    token: int
    by: Transaction


class Row:
    """Units in one row as committed, and the row's lock."""

    def __init__(self, units: int, lock: RowLock) -> None:
        self.available = units
        self.version = 0
        self.fence = 0
        self.lock = lock

    def leave(self, units: int, transaction: Transaction) -> None:
        """Have so many when the transaction, which holds the lock, commits."""

        def write() -> None:
            self.available = units
            self.version += 1

        transaction.at_commit.append(write)


class Stock:
    """The units of one SKU, counted in a row; and who bought some.

    `limit`: so many at most for one shopper, whose units are in `bought_by`.
    """

    def __init__(self, units: int, limit: int | None, locks: Locks, name_lock: Lock) -> None:
        self.row = Row(units, locks())
        self.name_lock = name_lock
        self.limit = limit
        self.bought_by: dict[int, int] = {}
        self.buyers: set[int] = set()
        self.entries = 0  # on record of what is sold or held, where that is summed up

    @property
    def unsold(self) -> int:
        """Units that are not sold, as committed."""
        return self.row.available

    @property
    def available(self) -> int:
        """Units that can be taken, as committed."""
        return self.row.available

    @property
    def level(self) -> Level:
        """What a reader sees."""
        return Level(self.available, self.row.version)

    def take(self, line: Line) -> Judged:
        """Take units; the condition is looked at before the row is waited for, and after."""
        verdict = self._condition(line)
        if verdict is Verdict.DONE:
            yield from line.by.lock(self.row.lock)
            verdict = self._condition(line)
        if verdict is Verdict.DONE:
            overwritten = line.known if line.take is Take.OVERWRITE else None
            before = overwritten.available if overwritten else self.row.available
            self.row.leave(before - line.quantity, line.by)
            self.remember(line)
        return verdict

    def _condition(self, line: Line) -> Verdict:
        row, take, known = self.row, line.take, line.known
        if take is Take.IF_ENOUGH and row.available < line.quantity:
            return Verdict.SOLD_OUT
        if take in (Take.IF_UNCHANGED, Take.IF_FIRST) and known and row.version != known.version:
            return Verdict.STOCK_CHANGED
        if take is Take.IF_FENCED and row.fence != line.token:
            return Verdict.STOCK_CHANGED
        return Verdict.DONE

    def remember(self, line: Line) -> None:
        """Know the buyer once the transaction commits."""
        line.by.at_commit.append(lambda: self.buyers.add(line.shopper))

    def raise_fence(self, token: int, by: Transaction) -> Judged:
        """Shut out holders of older tokens, unless a younger one was here."""
        if self.row.fence < token:
            yield from by.lock(self.row.lock)
        if self.row.fence >= token:
            return Verdict.STOCK_CHANGED
        by.at_commit.append(lambda: setattr(self.row, "fence", token))
        return Verdict.DONE


class UnitRows(Stock):
    """A row for each unit: buyers take any that nobody else is buying, and never wait."""

    being_bought = 0

    def lock_units(self, quantity: int, by: Transaction) -> Verdict:
        """Lock so many; there are none for who finds too few that are free, though some may come back."""
        if self.row.available - self.being_bought < quantity:
            return Verdict.SOLD_OUT
        self.being_bought += quantity

        def sell() -> None:
            self.being_bought -= quantity
            self.row.available -= quantity

        def give_back() -> None:
            self.being_bought -= quantity

        by.at_commit.append(sell)
        by.at_rollback.append(give_back)
        return Verdict.DONE

    def take(self, line: Line) -> Judged:
        """Take those that were locked."""
        yield from ()
        self.remember(line)
        return Verdict.DONE


class Buckets(Stock):
    """The units in several rows: a buyer begins at a bucket of their own, and takes a line from one."""

    def __init__(self, units: int, limit: int | None, locks: Locks, name_lock: Lock, *, buckets: int) -> None:
        super().__init__(units, limit, locks, name_lock)
        each, more = divmod(units, buckets)
        self._buckets = [Row(each + (number < more), locks()) for number in range(buckets)]

    @property
    def unsold(self) -> int:
        return sum(bucket.available for bucket in self._buckets)

    @property
    def available(self) -> int:
        return self.unsold

    def take(self, line: Line) -> Judged:
        """Take units from the first bucket that seems to have enough and still has when it is locked."""
        own = mix64(line.shopper) % len(self._buckets)
        in_turn = self._buckets[own:] + self._buckets[:own]
        while enough := [bucket for bucket in in_turn if bucket.available >= line.quantity]:
            yield from line.by.lock(enough[0].lock)
            if enough[0].available >= line.quantity:
                enough[0].leave(enough[0].available - line.quantity, line.by)
                self.remember(line)
                return Verdict.DONE
        return Verdict.SOLD_OUT


class Reservations(Stock):
    """No counter: what is available is the sum over a ledger of what is sold and held."""

    held = 0

    @property
    def available(self) -> int:
        return self.row.available - self.held

    def hold(self, quantity: int, by: Transaction) -> Verdict:
        """Add a hold to the ledger; the row is locked, so nobody else adds one."""
        if self.available < quantity:
            return Verdict.SOLD_OUT

        def add() -> None:
            self.held += quantity
            self.entries += 1

        by.at_commit.append(add)
        return Verdict.DONE

    def release(self, quantity: int) -> None:
        """Take a hold off the ledger."""
        self.held -= quantity
        self.entries -= 1

    def take(self, line: Line) -> Judged:
        """Sell what is held."""
        yield from ()

        def sell() -> None:
            self.held -= line.quantity
            self.row.available -= line.quantity

        line.by.at_commit.append(sell)
        self.remember(line)
        return Verdict.DONE


def stock_kept_in(
    kept_in: KeptIn, units: int, limit: int | None, locks: Locks, name_lock: Lock, *, buckets: int
) -> Stock:
    """The units of a SKU, counted where a strategy counts them."""
    match kept_in:
        case KeptIn.ROW:
            return Stock(units, limit, locks, name_lock)
        case KeptIn.UNITS:
            return UnitRows(units, limit, locks, name_lock)
        case KeptIn.BUCKETS:
            return Buckets(units, limit, locks, name_lock, buckets=buckets)
        case KeptIn.RESERVATIONS:
            return Reservations(units, limit, locks, name_lock)

"""Races for the row that counts a SKU."""

from __future__ import annotations

from dataclasses import replace

from system.races.race import Race, right, wrong
from system.races.stage import Stage
from system.races.verdict import Kind
from system.stock.strategies.advisory_lock import AdvisoryLock
from system.stock.strategies.check_then_decrement import CheckThenDecrement
from system.stock.strategies.conditional_update import ConditionalUpdate
from system.stock.strategies.no_lock import NoLock
from system.stock.strategies.optimistic_lock import OptimisticLock
from system.stock.strategies.pessimistic_lock import PessimisticLock
from system.stock.strategies.reservation_ledger import ReservationLedger
from system.stock.strategies.serializable import Serializable
from system.stock.strategies.snapshot import Snapshot


async def both_look_first(stage: Stage) -> None:
    a, b = await stage.shopper(), await stage.shopper()
    await a.looks()
    await b.looks()
    await a.ends()
    await b.ends()


async def a_third_looks_later(stage: Stage) -> None:
    a, b, c = await stage.shopper(), await stage.shopper(), await stage.shopper()
    await a.looks()
    await b.looks()
    await a.ends()
    await b.ends()
    await c.ends()


async def somebody_is_quicker_twice(stage: Stage) -> None:
    a, b, c = await stage.shopper(), await stage.shopper(), await stage.shopper()
    await a.looks()
    await b.ends()
    await a.looks()
    await c.ends()
    await a.ends()


async def the_other_has_its_own_way(stage: Stage) -> None:
    a, b = await stage.shopper(), await stage.shopper(strategy=stage.scene.others)
    await b.looks()
    await a.ends()
    await b.ends()


async def two_sizes_at_once(stage: Stage) -> None:
    a, b = await stage.shopper([("dunk-270", 1)]), await stage.shopper([("dunk-280", 1)])
    await stage.database_learns_sizes()
    await a.looks()
    await b.looks()
    await a.ends()
    await b.ends()


RACES = (
    Race(
        "lost_update",
        "both read the stock, and both write back what they read, less their own",
        "Two shoppers want the last pair, and both look before either buys. What B writes is as old as "
        "what B read, and wipes out what A wrote (Berenson's P4).",
        both_look_first,
        (
            wrong(NoLock, Kind.OVERSOLD, why="B wrote what it had read before A wrote."),
            right(ConditionalUpdate, why="B's UPDATE waits, and checks its condition on what A left."),
            right(PessimisticLock, why="B cannot even look until A has committed."),
            right(OptimisticLock, why="B finds another version than it read, and starts again."),
            right(
                Snapshot,
                why="PostgreSQL refuses to write a row that changed since the snapshot; B starts again.",
            ),
            right(Serializable, why="As under snapshot: the first to commit wins, and B starts again."),
            right(AdvisoryLock, why="B reads after it got the lock, so it reads what A left."),
        ),
    ),
    Race(
        "last_unit",
        "both find the last pair there, and both take it off the counter",
        "The counter is lowered where it is, so no update is lost; but what was looked at is not looked at "
        "again.",
        both_look_first,
        (
            wrong(CheckThenDecrement, Kind.OVERSOLD, why="Both had looked. The counter goes below zero."),
            wrong(
                CheckThenDecrement,
                Kind.ERROR,
                why="The schema's CHECK stops B, with an error instead of a refusal.",
                backstops=True,
            ),
            right(ConditionalUpdate, why="To look and to take is one statement."),
        ),
    ),
    Race(
        "counter_believed",
        "three pairs are sold of two, and the counter ends at 0 as if nothing had happened",
        "Card 16. A shop that reads its counter to learn whether it oversold learns nothing: a lost update "
        "is lost from the counter, too. Orders have to be counted, as the last lines here do.",
        a_third_looks_later,
        (
            wrong(NoLock, Kind.OVERSOLD, why="A's and B's pairs were taken off the counter once."),
            right(ConditionalUpdate, why="Each order takes its own pair off; counter and orders agree."),
        ),
        units={"270": 2},
    ),
    Race(
        "tries_used_up",
        "others are quicker each time, until a shopper is turned away from pairs that are there",
        "An optimist that loses starts again, and may lose again; at some time it has to give up.",
        somebody_is_quicker_twice,
        (
            wrong(
                OptimisticLock,
                Kind.REFUSED,
                why="Both tries found another version. The third pair lies there.",
                tries=2,
            ),
            right(
                OptimisticLock,
                why="One try more is enough here; in a crowd there is always another.",
                tries=3,
            ),
            right(ConditionalUpdate, why="Whoever has come to the row has it; nobody has to start again."),
        ),
        units={"270": 3},
    ),
    Race(
        "one_does_not_play",
        "one writer of the stock does not do as the others do",
        "serializable and advisory_lock protect only against those who do the same. A script of the "
        "operators, or an old version of the shop, that reads and writes in its own way, is not stopped.",
        the_other_has_its_own_way,
        (
            replace(
                wrong(Serializable, Kind.OVERSOLD, why="B is not serializable, so nobody checks B."),
                others=NoLock,
            ),
            right(Serializable, why="Both are, so B has to start again."),
            replace(wrong(AdvisoryLock, Kind.OVERSOLD, why="B never asked for the lock."), others=NoLock),
            right(AdvisoryLock, why="Both ask for it first."),
        ),
    ),
    Race(
        "false_abort",
        "two orders that have nothing to do with each other, and one has to start again",
        "PostgreSQL notes what a serializable transaction read by row, by page or by table, whichever is "
        "cheaper, and aborts where there might have been a circle. Whoever retries must be able to do "
        "everything again.",
        two_sizes_at_once,
        (
            right(
                Serializable,
                why="B bought another size than A, and was aborted all the same; its retry succeeds.",
            ),
            right(ConditionalUpdate, why="Different rows, so nobody waits and nobody starts again."),
        ),
        units={"270": 1, "280": 1},
    ),
    Race(
        "old_snapshot",
        "a lock is waited for with a snapshot that is older than the lock",
        "Under REPEATABLE READ the first statement takes the snapshot, and here it is the one that waits "
        "for the lock. When it gets it, it sees the stock as it was before A bought.",
        both_look_first,
        (
            wrong(
                ReservationLedger,
                Kind.OVERSOLD,
                why="B has the lock, and sums up reservations without A's. Only a written row would be "
                "noticed.",
                isolation="repeatable read",
            ),
            right(
                ReservationLedger, why="At READ COMMITTED the sum is a statement of its own, and sees A's."
            ),
            right(
                AdvisoryLock,
                why="Saved by luck: our stock is one row, and B's write of it is refused (40001).",
                isolation="repeatable read",
            ),
            right(AdvisoryLock, why="At READ COMMITTED B reads what A left."),
        ),
    ),
)

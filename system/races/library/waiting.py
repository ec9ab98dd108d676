"""Races for locks: who waits for whom, who does not wait, and who should not have to."""

from __future__ import annotations

from system.races.race import Race, right, wrong
from system.races.stage import Stage
from system.races.verdict import Kind
from system.stock.strategies.bucketed_stock import BucketedStock
from system.stock.strategies.conditional_update import ConditionalUpdate
from system.stock.strategies.micro_batch import MicroBatch
from system.stock.strategies.pessimistic_lock import PessimisticLock
from system.stock.strategies.redis_fenced_lock import RedisFencedLock
from system.stock.strategies.unit_rows import UnitRows


async def carts_in_either_order(stage: Stage) -> None:
    a = await stage.shopper([("dunk-290", 1)])
    b = await stage.shopper([("dunk-270", 1), ("dunk-290", 1), ("dunk-280", 1)], finds_deadlocks=True)
    c = await stage.shopper([("dunk-280", 1), ("dunk-270", 1)])
    await a.until(before="commit")
    await b.ends()
    await c.ends()
    await a.ends()
    await b.ends()
    await c.ends()


async def the_first_comes_to_nothing(stage: Stage) -> None:
    a, b = await stage.shopper(), await stage.shopper()
    await a.until(before="commit")
    await b.ends()
    await a.dies()
    await b.ends()


async def one_wants_both(stage: Stage) -> None:
    a = await stage.shopper([("dunk-270", 2)])
    await a.ends()


async def a_third_wants_another_size(stage: Stage) -> None:
    a, b, c = await stage.shopper(), await stage.shopper(), await stage.shopper([("dunk-280", 1)])
    await a.looks()
    await b.looks()
    await c.ends()
    await a.ends()
    await b.ends()


async def the_owner_of_a_batch_dies(stage: Stage) -> None:
    a, b, c = await stage.shopper(), await stage.shopper(), await stage.shopper()
    await a.looks()
    await b.ends()
    await c.ends()
    await a.ends()
    await b.until(before="commit")
    await b.dies()
    await c.dies()
    for shopper in (b, c):
        again = await stage.again(shopper)
        await again.ends()


RACES = (
    Race(
        "unsorted_carts",
        "carts that take the same sizes in either order wait for each other for ever",
        "Card 3. A's order holds B up between its first size and its last; meanwhile C takes the last one "
        "first.",
        carts_in_either_order,
        (
            wrong(
                ConditionalUpdate,
                Kind.REFUSED,
                why="B waits for C's 280 and C for B's 270. PostgreSQL finds the circle and undoes one of "
                "them.",
                sort_carts=False,
            ),
            right(
                ConditionalUpdate,
                why="All take 270 before 280 before 290: whoever waits holds nothing that an earlier one "
                "wants.",
            ),
        ),
        units={"270": 2, "280": 2, "290": 2},
    ),
    Race(
        "false_sold_out",
        "the last pair is somebody's for a moment, who then does not buy it",
        "To skip what is locked is to take for sold what is only being bought. Here A's worker dies before "
        "its commit; a wallet that is too small does the same.",
        the_first_comes_to_nothing,
        (
            wrong(UnitRows, Kind.REFUSED, why="B skipped the row that A had locked; then A's lock was gone."),
            right(ConditionalUpdate, why="B waits for what becomes of A's order."),
        ),
    ),
    Race(
        "two_halves",
        "two last pairs lie in two buckets, and an order for two is refused",
        "Not a race at all: a line is taken from one bucket.",
        one_wants_both,
        (
            wrong(
                BucketedStock,
                Kind.REFUSED,
                why="No bucket has two. They stay unsold until two orders of one come.",
                buckets=2,
            ),
            right(ConditionalUpdate, why="One row has them all."),
        ),
        units={"270": 2},
    ),
    Race(
        "convoy",
        "who waits for a row keeps a connection, and starves those who want another row",
        "One worker with two connections. A's order of size 270 is slow; B wants the same; C wants 280.",
        a_third_wants_another_size,
        (
            wrong(
                PessimisticLock,
                Kind.STARVED,
                why="A works and B waits, each with a connection: there is none for C.",
            ),
            right(RedisFencedLock, why="B waits for the lease before it takes a connection, so C finds one."),
        ),
        units={"270": 2, "280": 1},
        one_worker=True,
    ),
    Race(
        "batch_lost",
        "one worker dies, and the orders of all who were in its batch are unknown",
        "A's batch is under way when B and C come, so they are in the next one together. It is written and "
        "not yet committed when the worker dies.",
        the_owner_of_a_batch_dies,
        (
            right(
                MicroBatch,
                why="Neither B nor C has an answer, and neither has an order; both ask again with the same "
                "key. All of a batch share its fate.",
            ),
        ),
        units={"270": 3},
        one_worker=True,
    ),
)

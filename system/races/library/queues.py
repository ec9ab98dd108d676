"""Races for queues: what is acknowledged is not committed, and what is delivered may come again."""

from __future__ import annotations

from dataclasses import replace

from system.races.race import Race, right, wrong
from system.races.stage import Stage
from system.races.verdict import Kind
from system.races.wrong.in_postgres import ForgetfulWriter
from system.stock.strategies.redis_queue import RedisQueue
from system.stock.strategies.single_writer import SingleWriter


async def two_are_told_queued(stage: Stage) -> None:
    a, b = await stage.shopper(), await stage.shopper()
    await a.ends()
    await b.ends()
    await stage.counts_orders()
    consumer = await stage.consumer("W")
    await consumer.ends()
    await stage.counts_orders()
    await stage.asks(a)
    await stage.asks(b)


async def the_consumer_dies_before_it_settles(stage: Stage) -> None:
    a = await stage.shopper()
    await a.ends()
    first = await stage.consumer("W")
    await first.until(after="commit")
    await first.dies()
    second = await stage.consumer("X")
    await second.ends()


RACES = (
    Race(
        "queued_is_not_sold",
        "two are told 202 for one pair, and one of them is refused later",
        "Card 18. Whoever counts 202 as a sale, or takes its time for that of an order, compares a promise "
        "to look with a committed write.",
        two_are_told_queued,
        (
            right(
                SingleWriter,
                why="The log takes everybody; the writer decides. GET tells the truth, 202 does not.",
            ),
            right(
                RedisQueue, why="Redis refuses B at once; but A's 202, too, is only a hold until W commits."
            ),
        ),
    ),
    Race(
        "delivered_again",
        "a consumer dies after its commit and before it settles, and its successor gets the order again",
        "A stream gives what was read and not settled once more: at least once, never exactly once.",
        the_consumer_dies_before_it_settles,
        (
            replace(
                wrong(
                    RedisQueue,
                    Kind.TWICE,
                    why="X does not know that the order is written: A pays twice.",
                ),
                writer=ForgetfulWriter,
            ),
            right(
                RedisQueue,
                why="The decision is committed with the order, under the entry's name: X only settles.",
            ),
        ),
        units={"270": 2},
    ),
)

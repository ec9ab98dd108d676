"""Races for units that Redis counts: two books that must not come apart."""

from __future__ import annotations

from system.races.race import Race, right, wrong
from system.races.stage import Stage
from system.races.verdict import Kind
from system.races.wrong.in_redis import CounterAndKey, LineByLine, RedisDecidesAlone, SetWhereMissing
from system.stock.strategies.redis_hold import RedisHold


async def the_hold_expires_under_the_order(stage: Stage) -> None:
    a, b = await stage.shopper(), await stage.shopper()
    await a.until(after="redis_hold")
    await stage.time_passes("A's hold expires before A's order is written")
    await stage.redis_is_looked_after()
    await b.until(after="redis_hold")
    await a.ends()
    await b.ends()


async def redis_dies_between(stage: Stage) -> None:
    a, b = await stage.shopper(), await stage.shopper()
    await a.until(after="redis_hold")
    await stage.redis_forgets()
    await b.until(after="redis_hold")
    await b.until(after="redis_hold")
    await a.ends()
    await b.ends()


async def the_worker_dies_before_it_confirms(stage: Stage) -> None:
    a, b = await stage.shopper(), await stage.shopper()
    await a.until(before="redis_confirm")
    await a.dies()
    again = await stage.again(a)
    await again.ends()
    await stage.time_passes("A's hold expires")
    await stage.redis_is_looked_after()
    await b.ends()


async def the_worker_dies_with_a_hold(stage: Stage) -> None:
    a, b = await stage.shopper(), await stage.shopper()
    await a.until(after="redis_hold")
    await a.dies()
    await stage.time_passes("A's hold expires")
    await stage.redis_is_looked_after()
    await b.ends()


async def two_find_redis_empty(stage: Stage) -> None:
    a, b = await stage.shopper(), await stage.shopper()
    await stage.redis_forgets()
    await a.until(after="reconcile_read")
    await b.ends()
    await a.ends()
    await b.ends()


async def one_size_of_two_is_gone(stage: Stage) -> None:
    a = await stage.shopper([("dunk-270", 1), ("dunk-280", 1)])
    b, c = await stage.shopper([("dunk-280", 1)]), await stage.shopper([("dunk-270", 1)])
    await a.until(after="redis_hold")
    await b.ends()
    await a.ends()
    await c.ends()


RACES = (
    Race(
        "hold_expired",
        "a hold expires under its order, and somebody else holds the pair when the order is written",
        "The database was slow, or the hold was short. Redis cannot know that A's order is on its way.",
        the_hold_expires_under_the_order,
        (
            wrong(
                RedisDecidesAlone, Kind.OVERSOLD, why="Both had a hold at some time, and nobody looked again."
            ),
            right(
                RedisHold,
                why="The database looks again: B finds nothing. Redis, which was wrong by one for a "
                "moment, is set right from PostgreSQL.",
            ),
        ),
    ),
    Race(
        "redis_forgets",
        "Redis loses its memory between the hold and the order",
        "It comes back empty and is filled from PostgreSQL, which does not know of holds: A's is forgotten.",
        redis_dies_between,
        (
            wrong(RedisDecidesAlone, Kind.OVERSOLD, why="B was given what A held."),
            right(RedisHold, why="The database looks again: B finds nothing, and Redis is set right."),
        ),
    ),
    Race(
        "unconfirmed",
        "the worker dies between the commit and the confirmation",
        "Redis has a hold that will expire, for a pair that is sold.",
        the_worker_dies_before_it_confirms,
        (
            wrong(
                RedisDecidesAlone,
                Kind.OVERSOLD,
                why="What expired went back on sale, and nobody asked PostgreSQL.",
            ),
            right(
                RedisHold,
                why="A, who asks again with the same key, gets the answer; and a hold that has expired is "
                "looked up in PostgreSQL, where the pair is sold.",
            ),
        ),
    ),
    Race(
        "hold_leaks",
        "a hold expires, and the counter that it was taken from does not learn of it",
        "Card 5. The key of a hold ends by itself; the counter beside it does not. Sold out, for ever.",
        the_worker_dies_with_a_hold,
        (
            wrong(
                CounterAndKey, Kind.REFUSED, Kind.DRIFT, why="The pair is neither sold nor held nor for sale."
            ),
            right(
                RedisHold,
                why="Holds are kept with their units and expiry, so what expired can be given back.",
            ),
        ),
    ),
    Race(
        "has_key_then_set",
        "two find that Redis has no stock, and both set it, one of them to what is out of date",
        "Card 10. A worker asks the database, stands still, and sets what has been sold in the meantime.",
        two_find_redis_empty,
        (
            wrong(SetWhereMissing, Kind.OVERSOLD, why="A set the stock to what it was before B bought."),
            right(
                RedisHold,
                why="The database's rows are locked while Redis is filled, and whoever comes second finds "
                "it filled.",
            ),
        ),
    ),
    Race(
        "half_a_cart",
        "one size of a cart is taken in Redis, the other is gone, and the first is never given back",
        "Card 11. The database would have rolled back; Redis does not.",
        one_size_of_two_is_gone,
        (
            wrong(LineByLine, Kind.REFUSED, Kind.DRIFT, why="A was refused, and its 270 stayed taken."),
            right(RedisHold, why="One script looks at every line before it takes the first."),
        ),
        units={"270": 1, "280": 1},
    ),
)

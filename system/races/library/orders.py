"""Races and mistakes in taking an order: carts, keys, payment, and the flag that says sold out."""

from __future__ import annotations

from dataclasses import replace

from system.races.race import Race, right, wrong
from system.races.stage import Stage
from system.races.verdict import Kind
from system.races.wrong.in_postgres import (
    AnySign,
    ChargedEachTime,
    DuplicateCheckLast,
    EachLineAlone,
    ExpiredAndSold,
    FlagForEver,
    PaidThenSold,
)
from system.stock.strategies.conditional_update import ConditionalUpdate
from system.stock.strategies.redis_hold import RedisHold
from system.stock.strategies.reservation_ledger import ReservationLedger


async def less_than_nothing(stage: Stage) -> None:
    a = await stage.shopper([("dunk-270", -1)])
    await a.ends()


async def the_same_twice_in_a_cart(stage: Stage) -> None:
    a = await stage.shopper([("dunk-270", 1), ("dunk-270", 1)])
    await a.ends()


async def one_sends_it_twice(stage: Stage) -> None:
    a, b = await stage.shopper(), await stage.shopper()
    await a.ends()
    again = await stage.again(a)
    await again.ends()
    await b.ends()


async def the_payment_is_late(stage: Stage) -> None:
    a, b = await stage.shopper(), await stage.shopper()
    await a.until(after="commit")
    await stage.time_passes("A's reservation expires before A has paid")
    await b.ends()
    await a.ends()


async def more_come_on_sale(stage: Stage) -> None:
    a, b = await stage.shopper(), await stage.shopper()
    await a.ends()
    await stage.boards_are_refreshed()
    await stage.restock(1)
    await stage.boards_are_refreshed()
    await b.ends()


RACES = (
    Race(
        "negative_quantity",
        "an order for less than nothing finds enough, raises the stock and is paid for by the shop",
        "Card 1. `available >= -1` holds, and `balance - (-1 x price)` is a gift.",
        less_than_nothing,
        (
            replace(
                wrong(
                    AnySign, Kind.DRIFT, Kind.MONEY, why="Nobody asked whether the quantity was a quantity."
                ),
                checks_carts=False,
            ),
            replace(
                wrong(
                    ConditionalUpdate,
                    Kind.ERROR,
                    why="The schema's CHECK on the line stops it, with an error.",
                ),
                checks_carts=False,
            ),
            right(ConditionalUpdate, why="The shop refuses the cart before anybody looks at the stock."),
        ),
    ),
    Race(
        "one_size_on_two_lines",
        "both lines of a cart are held against the same last pair",
        "Card 9. Each line by itself can be had.",
        the_same_twice_in_a_cart,
        (
            replace(
                wrong(EachLineAlone, Kind.OVERSOLD, why="1 was enough for 1, twice; 2 were taken."),
                checks_carts=False,
            ),
            right(ConditionalUpdate, why="The shop refuses such a cart: one line for each SKU."),
        ),
    ),
    Race(
        "duplicate_check_last",
        "a key is recognised after the pair was taken, and nobody puts the pair back",
        "Card 8. A sends the same order twice, as clients do whose answer was lost.",
        one_sends_it_twice,
        (
            wrong(
                DuplicateCheckLast,
                Kind.REFUSED,
                Kind.DRIFT,
                why="The second request took a pair for no order.",
            ),
            right(
                ConditionalUpdate, why="Key, order and stock are one transaction, and the key comes first."
            ),
            right(
                RedisHold,
                why="Redis remembers that the key is sold, so that the second request holds no pair.",
            ),
        ),
        units={"270": 2},
    ),
    Race(
        "replay_charges_again",
        "the same answer is given again, and the same charge is made again",
        "Card 14. The answer is idempotent; what happened on the way to it is not.",
        one_sends_it_twice,
        (
            wrong(
                ChargedEachTime, Kind.MONEY, why="The wallet was charged before anybody looked at the key."
            ),
            right(
                ConditionalUpdate, why="Where the key is known nothing is done, and the kept answer is given."
            ),
        ),
        units={"270": 2},
    ),
    Race(
        "payment_after_expiry",
        "a hold expires while its shopper pays",
        "Card 6. The pair is somebody else's when the money comes.",
        the_payment_is_late,
        (
            wrong(PaidThenSold, Kind.MONEY, why="A paid, then the sale was refused, and nobody paid A back."),
            wrong(ExpiredAndSold, Kind.OVERSOLD, why="A's expired hold was sold, and so was B's."),
            right(
                ReservationLedger,
                why="Payment and sale are one transaction: without the hold A keeps the money.",
            ),
        ),
    ),
    Race(
        "flag_for_ever",
        "a worker remembers that a SKU is sold out, and goes on saying so when there is more",
        "Card 13. A flag in a process saves the database a crowd; somebody has to take it down.",
        more_come_on_sale,
        (
            replace(
                wrong(ConditionalUpdate, Kind.REFUSED, why="The flag was put up and never looked at again."),
                board=FlagForEver,
            ),
            right(
                ConditionalUpdate, why="The board forgets what is on sale again, a tenth of a second later."
            ),
        ),
    ),
)

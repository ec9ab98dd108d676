"""Wrong ways in PostgreSQL: what is checked too late, or charged too early, or not looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import asyncpg

from system.errors import SoldOut
from system.orders.model import Order, Placed
from system.races.watched import WatchedDriver
from system.races.wrong.way import WrongWay, connection, enter, record, transaction
from system.stock.board import Board
from system.stock.shop import Shop
from system.stock.tables import KeptIn
from system.workers.writer import Delivery, Writer

_TAKE = "UPDATE stock SET available = available - $2 WHERE sku = $1"
_TAKE_IF_ENOUGH = f"{_TAKE} AND available >= $2 RETURNING available"
_PAY = "UPDATE wallets SET balance_won = balance_won - $2 WHERE shopper = $1"
_PRICE_WON = 100_000


class DuplicateCheckLast(WrongWay):
    """The unit is taken and committed; only then is looked whether the key was there before."""

    name = "duplicate_check_last"

    async def place(self, order: Order, shop: Shop) -> Placed:
        [sku], [units] = order.skus, order.quantities
        async with connection(shop) as driver:
            if not await driver.step("take_stock", _TAKE_IF_ENOUGH, sku, units):
                raise SoldOut.of(sku)
            return await record(driver, order)


class ChargedEachTime(WrongWay):
    """The wallet is charged; only then is looked whether there is an answer to give again."""

    name = "charged_each_time"

    async def place(self, order: Order, shop: Shop) -> Placed:
        [sku], [units] = order.skus, order.quantities
        async with connection(shop) as driver:
            await driver.step("pay", _PAY, order.shopper, _PRICE_WON)
            placed = await enter(driver, order)
            if not placed.replayed:
                await driver.step("take_stock", _TAKE_IF_ENOUGH, sku, units)
            return placed


class EachLineAlone(WrongWay):
    """Every line of the cart is held against the same stock; they are added up when they are written."""

    name, backstops = "each_line_alone", False

    async def place(self, order: Order, shop: Shop) -> Placed:
        async with transaction(shop) as tx:
            for sku, units in zip(order.skus, order.quantities, strict=True):
                enough = "SELECT available >= $2 FROM stock WHERE sku = $1"
                if not (await tx.step("read_stock", enough, sku, units))[0][0]:
                    raise SoldOut.of(sku)
            [sku], units = set(order.skus), sum(order.quantities)
            await tx.step("take_stock", _TAKE, sku, units)
            return await record(tx, Order(order.shopper, order.key, [sku], [units], order.fingerprint))


class AnySign(WrongWay):
    """What is asked for may be less than nothing: there is always enough of that."""

    name = "any_sign"

    async def place(self, order: Order, shop: Shop) -> Placed:
        [sku], [units] = order.skus, order.quantities
        async with transaction(shop) as tx:
            if not await tx.step("take_stock", _TAKE_IF_ENOUGH, sku, units):
                raise SoldOut.of(sku)
            await tx.step("pay", _PAY, order.shopper, units * _PRICE_WON)
            return await enter(tx, order)


class PaidThenSold(WrongWay):
    """Hold, pay, sell what is held; if the hold has expired meanwhile, the money is gone as well."""

    name, kept_in = "paid_then_sold", KeptIn.RESERVATIONS
    condition = " AND expires_at > clock_timestamp()"

    async def place(self, order: Order, shop: Shop) -> Placed:
        async with shop.transaction() as statements:
            await statements.lock_stock(order.skus)
            hold = await statements.reserve(order)
        async with connection(shop) as driver:
            await driver.step("pay", _PAY, order.shopper, _PRICE_WON)
            sell = "UPDATE reservations SET state = 'sold' WHERE hold ="
            sold = await driver.step(
                "sell",
                f"{sell} $1{self.condition} RETURNING units",
                hold,
                text=f"{sell} mine{self.condition}",
            )
            if not sold:
                raise SoldOut.of(order.skus[0])
            return await enter(driver, order)


class ExpiredAndSold(PaidThenSold):
    """Once held is held: nobody looks whether the hold has expired."""

    name, condition = "expired_and_sold", ""


class FlagForEver(Board):
    """A board that puts up "sold out" and never takes it down."""

    async def refresh(self) -> None:
        gone = dict(self._gone)
        await super().refresh()
        self._gone = gone | self._gone


class ForgetfulWriter(Writer):
    """A consumer that writes an order for whatever it is given, whether it had it before or not."""

    async def decide(self, deliveries: Sequence[Delivery]) -> list[bool]:
        driver = cast("WatchedDriver", self._connection)
        async with driver.transaction():
            for delivery in deliveries:
                await self._place(driver, delivery.order)
        return [True] * len(deliveries)

    async def _place(self, driver: WatchedDriver, order: Order) -> list[asyncpg.Record]:
        [sku], [units] = order.skus, order.quantities
        return await driver.step(
            "place_order",
            """WITH o AS (INSERT INTO orders (id, shopper, key, state, total_won)
                          VALUES (uuidv7(), $1, $2, 'paid', $5::bigint) RETURNING id),
                    l AS (INSERT INTO order_lines SELECT id, $3, $4::bigint, $5::bigint FROM o),
                    w AS (UPDATE wallets SET balance_won = balance_won - $5::bigint WHERE shopper = $1)
               UPDATE stock SET available = available - $4::bigint WHERE sku = $3""",
            *(order.shopper, order.key, sku, units, _PRICE_WON),
            text=f"INSERT order, pay; {_TAKE.replace('$1', repr(sku)).replace('$2', str(units))}",
            seen=lambda _: "done",
        )

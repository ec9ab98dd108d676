"""The books of a finished run of the model, in the form in which a measured run leaves them."""

from __future__ import annotations

from scenarios.books import (
    BookedLine,
    BookedOrder,
    Books,
    DecisionRow,
    IntakeRow,
    KeyRow,
    StockRow,
    Wallets,
)
from scenarios.scenario import Scenario
from simulator.order import Placed
from simulator.requests import answer_to
from simulator.shop import Shop
from simulator.stock import Reservations
from simulator.strategies import Step


def read_books(scenario: Scenario, shop: Shop) -> Books:
    """The state of the shop's database and Redis. At rest nothing is reserved or undecided."""
    placed = sorted(shop.database.orders.values(), key=lambda order: order.placed_s)
    return Books(
        stock=tuple(_stock(scenario, shop)),
        orders=tuple(_order(scenario, one) for one in placed),
        wallets=_wallets(scenario, shop),
        keys=tuple(
            KeyRow(shopper=one.order.shopper, key=one.order.key, order_id=one.order_id) for one in placed
        ),
        decisions=tuple(_decisions(shop)),
        intake=tuple(
            IntakeRow(shopper=order.shopper, key=order.key) for order in shop.database.intake.values()
        ),
    )


def _stock(scenario: Scenario, shop: Shop) -> list[StockRow]:
    in_redis = shop.strategy.does(Step.HOLD)
    return [
        StockRow(
            sku=sku.sku,
            initial=sku.units,
            restocked=0,
            available=stock.available,
            reserved=stock.held if isinstance(stock, Reservations) else 0,
            redis_available=unheld if in_redis else None,
        )
        for sku, stock, unheld in zip(scenario.skus, shop.database.stock, shop.redis.available, strict=True)
    ]


def _decisions(shop: Shop) -> list[DecisionRow]:
    answers = [
        (order, answer_to(shop, order, verdict)) for order, verdict in shop.database.decisions.values()
    ]
    return [
        DecisionRow(shopper=order.shopper, key=order.key, status=answer.status, code=answer.code)
        for order, answer in answers
    ]


def _order(scenario: Scenario, placed: Placed) -> BookedOrder:
    order = placed.order
    lines = ((scenario.skus[sku], quantity) for sku, quantity in order.lines)
    return BookedOrder(
        order_id=placed.order_id,
        shopper=order.shopper,
        key=order.key,
        state="paid",
        total_won=order.total_won,
        placed_s=placed.placed_s,
        lines=tuple(
            BookedLine(sku=sku.sku, quantity=quantity, price_won=sku.price_won) for sku, quantity in lines
        ),
    )


def _wallets(scenario: Scenario, shop: Shop) -> Wallets:
    opening_won, balances_won = scenario.shoppers.balance_won, shop.database.balances_won
    return Wallets(
        shopper=tuple(range(len(balances_won))),
        opening_won=(opening_won,) * len(balances_won),
        balance_won=tuple(balances_won),
        ledger_won=tuple(balance_won - opening_won for balance_won in balances_won),
    )

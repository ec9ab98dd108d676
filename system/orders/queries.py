"""Statements that read orders."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from system.orders.tables import order_lines, orders

NEWEST = 100


class OrderedLine(BaseModel):
    """One line of an order, at the price that was paid."""

    sku: str
    quantity: int
    price_won: int


class PlacedOrder(BaseModel):
    """The answer to `POST /orders`; the database writes it, see `record_order`."""

    order_id: UUID
    state: str
    total_won: int
    lines: list[OrderedLine]


class OrderView(PlacedOrder):
    """An order as its shopper reads it later."""

    placed_at: datetime


async def orders_of(
    connection: AsyncConnection, shopper: int, order_id: UUID | None = None
) -> list[OrderView]:
    """The newest `NEWEST` orders of `shopper`, newest first; only the one with `order_id` where given."""
    line = func.json_build_object(
        "sku",
        order_lines.c.sku,
        "quantity",
        order_lines.c.quantity,
        "price_won",
        order_lines.c.price_won,
    )
    lines = (
        select(func.json_agg(aggregate_order_by(line, order_lines.c.sku)))
        .where(order_lines.c.order_id == orders.c.id)
        .scalar_subquery()
    )
    statement = (
        select(
            orders.c.id.label("order_id"),
            orders.c.state,
            orders.c.total_won,
            orders.c.placed_at,
            lines.label("lines"),
        )
        .where(orders.c.shopper == shopper)
        .order_by(orders.c.id.desc())
        .limit(NEWEST)
    )
    if order_id is not None:
        statement = statement.where(orders.c.id == order_id)
    return [OrderView.model_validate(dict(row)) for row in (await connection.execute(statement)).mappings()]

"""Statements that seed, reset and restock."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Table, bindparam, delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from system.catalogue.queries import stock_left
from system.catalogue.tables import products, skus
from system.platform.tables import metadata
from system.stock.tables import KeptIn, stock

_SHOPPERS = text(
    "INSERT INTO wallets (shopper, opening_won, balance_won)"
    " SELECT shopper, :balance_won, :balance_won FROM generate_series(0, :shoppers - 1) AS shopper"
).bindparams(bindparam("shoppers"), bindparam("balance_won"))

_UNITS = text(
    "INSERT INTO units (sku) SELECT CAST(:sku AS text) FROM generate_series(1, CAST(:units AS bigint))"
)
_BUCKETS = text(
    "INSERT INTO stock_buckets (sku, bucket, available)"
    " SELECT CAST(:sku AS text), bucket, a.units / a.buckets + (bucket < a.units % a.buckets)::integer"
    " FROM (SELECT CAST(:units AS bigint) AS units, CAST(:buckets AS integer) AS buckets) AS a,"
    " generate_series(0, a.buckets - 1) AS bucket"
    " ON CONFLICT (sku, bucket) DO UPDATE SET available = stock_buckets.available + excluded.available"
)
_ANNOUNCE = text(
    "UPDATE stock SET reopens_until = clock_timestamp() + make_interval(secs => :for_s)"
    " WHERE CAST(:sku AS text) IS NULL OR sku = :sku"
)
_ANY_SOLD_OUT = text(
    "SELECT EXISTS (SELECT FROM stock s WHERE is_sold_out(s)"
    " AND (CAST(:sku AS text) IS NULL OR s.sku = :sku))"
)
_IS_ANNOUNCED = text(
    "SELECT reopens_until > clock_timestamp() + make_interval(secs => :for_s) FROM stock WHERE sku = :sku"
)
_GUARD = "available_is_not_negative"


async def empty(connection: AsyncConnection) -> None:
    """Remove every row of every table. Numbers go on: whoever watches a table by number is not led astray."""
    # The stock first, as a board reads it: two who lock the tables do not meet crosswise.
    stock_first = sorted(metadata.sorted_tables, key=lambda table: table is not stock)
    names = ", ".join(table.name for table in stock_first)
    await connection.execute(text(f"TRUNCATE {names}"))


async def withdraw(connection: AsyncConnection, product: str, first_shopper: int) -> None:
    """Remove a product, all shoppers from a number on, and everything that is of them.

    Row by row: other than emptied tables, these leave the plans that open connections have made as they are.
    """
    sold = (await connection.scalars(select(skus.c.sku).where(skus.c.product_id == product))).all()

    def is_of_them(table: Table) -> ColumnElement[bool]:
        if "sku" in table.c:
            return table.c.sku.in_(sold)
        return table.c.shopper >= first_shopper if "shopper" in table.c else table.c.id == product

    for table in reversed(metadata.sorted_tables):
        await connection.execute(delete(table).where(is_of_them(table)))


async def set_backstops(connection: AsyncConnection, *, on: bool) -> None:
    """Let the schema forbid negative stock, or not."""
    await connection.execute(text(f"ALTER TABLE stock DROP CONSTRAINT IF EXISTS {_GUARD}"))
    if on:
        await connection.execute(text(f"ALTER TABLE stock ADD CONSTRAINT {_GUARD} CHECK (available >= 0)"))


async def add_products(
    connection: AsyncConnection,
    product_rows: Sequence[dict[str, object]],
    sku_rows: Sequence[dict[str, object]],
    kept_in: KeptIn,
) -> None:
    """Add products, and their SKUs without units; `kept_in`: where the units will be counted."""
    await connection.execute(insert(products), product_rows)
    await connection.execute(insert(skus), sku_rows)
    await connection.execute(
        insert(stock),
        [{"sku": row["sku"], "initial": 0, "available": 0, "kept_in": kept_in} for row in sku_rows],
    )


async def add_shoppers(connection: AsyncConnection, shoppers: int, balance_won: int) -> None:
    """Open wallets for shoppers 0 to `shoppers` - 1."""
    await connection.execute(_SHOPPERS, {"shoppers": shoppers, "balance_won": balance_won})


async def announce(connection: AsyncConnection, sku: str | None, for_s: float) -> None:
    """Let no worker's board list `sku`, or any SKU if None, from now on and `for_s` long."""
    await connection.execute(_ANNOUNCE, {"sku": sku, "for_s": for_s})


async def any_sold_out(connection: AsyncConnection, sku: str | None) -> bool:
    """Whether `sku`, or any SKU if None, has no unit left."""
    return bool(await connection.scalar(_ANY_SOLD_OUT, {"sku": sku}))


async def is_announced(connection: AsyncConnection, sku: str, for_s: float) -> bool:
    """Whether `sku` stays announced `for_s` longer."""
    return bool(await connection.scalar(_IS_ANNOUNCED, {"sku": sku, "for_s": for_s}))


async def add_units(
    connection: AsyncConnection, sku: str, units: int, *, buckets: int, column: str = "restocked"
) -> int | None:
    """Put `units` more of `sku` on sale; the units now available, or None when there is no such SKU.

    Args:
        column: of `stock`, where they are noted: `initial` or `restocked`.
    """
    kept_in = await connection.scalar(
        update(stock)
        .where(stock.c.sku == sku)
        .values({column: stock.c[column] + units, "available": stock.c.available + units})
        .values(version=stock.c.version + 1)
        .returning(stock.c.kept_in)
    )
    if kept_in == KeptIn.UNITS:
        await connection.execute(_UNITS, {"sku": sku, "units": units})
    elif kept_in == KeptIn.BUCKETS:
        await connection.execute(_BUCKETS, {"sku": sku, "units": units, "buckets": buckets})
    available: int | None = await connection.scalar(
        stock_left.select().with_only_columns(stock_left.c.available).where(stock_left.c.sku == sku)
    )
    return available

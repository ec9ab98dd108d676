"""Statements that seed, reset and restock."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from system.catalogue.tables import products, skus
from system.platform.tables import metadata
from system.stock.tables import stock

_SHOPPERS = text(
    "INSERT INTO wallets (shopper, opening_won, balance_won)"
    " SELECT shopper, :balance_won, :balance_won FROM generate_series(0, :shoppers - 1) AS shopper"
).bindparams(bindparam("shoppers"), bindparam("balance_won"))


async def empty(connection: AsyncConnection) -> None:
    """Remove every row of every table."""
    names = ", ".join(table.name for table in metadata.sorted_tables)
    await connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))


async def add_products(
    connection: AsyncConnection, product_rows: list[dict[str, object]], sku_rows: list[dict[str, object]]
) -> None:
    """Add products, and their SKUs with `units` each."""
    await connection.execute(insert(products), product_rows)
    await connection.execute(
        insert(skus), [{k: row[k] for k in ("sku", "product_id", "size", "price_won")} for row in sku_rows]
    )
    await connection.execute(
        insert(stock),
        [{"sku": row["sku"], "initial": row["units"], "available": row["units"]} for row in sku_rows],
    )


async def add_shoppers(connection: AsyncConnection, shoppers: int, balance_won: int) -> None:
    """Open wallets for shoppers 0 to `shoppers` - 1."""
    await connection.execute(_SHOPPERS, {"shoppers": shoppers, "balance_won": balance_won})


async def add_units(connection: AsyncConnection, sku: str, units: int) -> int | None:
    """Put `units` more of `sku` on sale; the units now available, or None when there is no such SKU."""
    statement = (
        update(stock)
        .where(stock.c.sku == sku)
        .values(
            available=stock.c.available + units,
            restocked=stock.c.restocked + units,
            version=stock.c.version + 1,
        )
        .returning(stock.c.available)
    )
    available: int | None = await connection.scalar(statement)
    return available

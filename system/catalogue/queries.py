"""Statements that read the catalogue."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel
from sqlalchemy import BigInteger, Row, Select, column, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

from system.catalogue.tables import products, skus


class SizeView(BaseModel):
    """One size of a product, and how many of it are left."""

    sku: str
    size: str
    available: int


class ProductView(BaseModel):
    """A product with its sizes."""

    id: str
    name: str
    price_won: int
    sizes: list[SizeView]


async def all_products(connection: AsyncConnection) -> list[ProductView]:
    """Every product, by id."""
    return _views((await connection.execute(_PRODUCTS)).all())


async def product(connection: AsyncConnection, product_id: str) -> ProductView | None:
    """One product, if there is such an id."""
    found = await connection.execute(_PRODUCTS.where(products.c.id == product_id))
    return next(iter(_views(found.all())), None)


stock_left = table("stock_left", column("sku"), column("available", BigInteger))
_Columns = tuple[str, str, int, str, str, int]
_PRODUCTS: Select[_Columns] = (
    select(
        products.c.id, products.c.name, products.c.price_won, skus.c.sku, skus.c.size, stock_left.c.available
    )
    .join(skus, skus.c.product_id == products.c.id)
    .join(stock_left, stock_left.c.sku == skus.c.sku)
    .order_by(products.c.id, skus.c.sku)
)


def _views(rows: Sequence[Row[_Columns]]) -> list[ProductView]:
    views: dict[str, ProductView] = {}
    for row in rows:
        view = views.setdefault(
            row.id, ProductView(id=row.id, name=row.name, price_won=row.price_won, sizes=[])
        )
        view.sizes.append(SizeView(sku=row.sku, size=row.size, available=row.available))
    return list(views.values())

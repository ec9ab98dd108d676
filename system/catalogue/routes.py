"""HTTP for the catalogue."""

from __future__ import annotations

from fastapi import APIRouter

from system.catalogue import queries
from system.catalogue.queries import ProductView
from system.errors import NotFound
from system.platform.database import Database
from system.platform.openapi import problems


def router(database: Database) -> APIRouter:
    """The routes, bound to the database."""
    routes = APIRouter(prefix="/products", tags=["catalogue"])

    @routes.get("")
    async def read_products() -> list[ProductView]:
        """Every product with its sizes."""
        async with database.reading() as connection:
            return await queries.all_products(connection)

    @routes.get("/{product_id}", responses=problems(404))
    async def read_product(product_id: str) -> ProductView:
        """One product with its sizes."""
        async with database.reading() as connection:
            found = await queries.product(connection, product_id)
        if found is None:
            raise NotFound(f"there is no product {product_id!r}; GET /products lists them")
        return found

    return routes

"""The use cases of the operator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from redis.asyncio import Redis

from system.admin import queries
from system.errors import Forbidden, UnknownSku
from system.platform.auth import Identity
from system.platform.database import Database
from system.platform.redis import HOLD, HOLDS, STOCK
from system.settings import Settings
from system.stock.board import Board

MOST_UNITS = 10_000_000
MOST_SHOPPERS = 5_000_000
MOST_TOKENS = 20_000


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class SizeSeed(_Body):
    """A size, and the units of it that go on sale."""

    size: Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[A-Za-z0-9.]+$")]
    units: Annotated[int, Field(ge=1, le=MOST_UNITS)]


class ProductSeed(_Body):
    """A product, its price and its sizes; a SKU is named `<product id>-<size>`."""

    id: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[a-z0-9-]+$")]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    price_won: Annotated[int, Field(ge=1, le=1_000_000_000)]
    sizes: Annotated[list[SizeSeed], Field(min_length=1, max_length=100)]

    @model_validator(mode="after")
    def _sizes_differ(self) -> Self:
        _require_different("size", [size.size for size in self.sizes])
        return self


class Seed(_Body):
    """What the shop holds after a reset: products, and shoppers 0 to `shoppers` - 1 with money."""

    products: Annotated[list[ProductSeed], Field(min_length=1, max_length=1_000)]
    shoppers: Annotated[int, Field(ge=0, le=MOST_SHOPPERS)]
    balance_won: Annotated[int, Field(ge=0, le=10**12)]

    @model_validator(mode="after")
    def _products_differ(self) -> Self:
        _require_different("product id", [product.id for product in self.products])
        return self


def _require_different(what: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{what} {name!r} is there more than once; each needs a name of its own")


class Admin:
    """Seeds, resets and restocks the shop."""

    def __init__(
        self, database: Database, redis: Redis, settings: Settings, identity: Identity, board: Board
    ) -> None:
        self._database = database
        self._redis = redis
        self._settings = settings
        self._identity = identity
        self._board = board

    async def reset(self, seed: Seed) -> None:
        """Empty the shop and fill it with `seed`.

        Raises:
            Forbidden: the system runs in production.
        """
        if self._settings.environment == "production":
            raise Forbidden("a reset deletes every order; it is switched off in production")
        product_rows: list[dict[str, object]] = [
            {"id": product.id, "name": product.name, "price_won": product.price_won}
            for product in seed.products
        ]
        sku_rows: list[dict[str, object]] = [
            {
                "sku": f"{product.id}-{size.size}",
                "product_id": product.id,
                "size": size.size,
                "price_won": product.price_won,
                "units": size.units,
            }
            for product in seed.products
            for size in product.sizes
        ]
        async with self._database.transaction() as connection:
            await queries.empty(connection)
            await queries.add_products(connection, product_rows, sku_rows)
            await queries.add_shoppers(connection, seed.shoppers, seed.balance_won)
        await self._reset_redis({row["sku"]: row["units"] for row in sku_rows})
        await self._board.refresh()

    async def _reset_redis(self, units: Mapping[Any, Any]) -> None:
        holds = await self._redis.zrange(HOLDS, 0, -1)
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.delete(STOCK, HOLDS, *(HOLD + str(hold) for hold in holds))
            pipeline.hset(STOCK, mapping=units)
            await pipeline.execute()

    async def restock(self, sku: str, units: int) -> int:
        """Put `units` more on sale; returns the units now available in the database.

        Raises:
            UnknownSku: there is no such SKU.
        """
        async with self._database.transaction() as connection:
            available = await queries.add_units(connection, sku, units)
            if available is None:
                raise UnknownSku.of(sku)
        await self._redis.hincrby(STOCK, sku, units)
        await self._board.refresh()
        return available

    def tokens(self, first: int, count: int) -> list[str]:
        """Tokens for `count` shoppers from number `first` on."""
        return [self._identity.issue(shopper) for shopper in range(first, first + count)]

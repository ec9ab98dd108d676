"""The use cases of the operator."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Annotated, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncConnection

from system.admin import queries
from system.checkout.idempotency import OPERATOR, Answer, fingerprint, once
from system.errors import Conflict, Forbidden, InvalidRequest, TryAgain, UnknownSku
from system.platform.auth import Identity
from system.platform.database import Database
from system.platform.redis import PREFIX
from system.platform.text import ProductId, Title
from system.settings import Settings
from system.stock.board import Board
from system.stock.port import RedisRole, Strategy
from system.stock.redis_stock import RedisStock
from system.stock.tables import KeptIn

Result = TypeVar("Result")

MOST_UNITS = 10_000_000
MOST_SHOPPERS = 5_000_000
MOST_TOKENS = 20_000

_ANNOUNCED = 3  # times the validity of a board: one to wait, one for the transaction, one for its commit


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class SizeSeed(_Body):
    """A size, and the units of it that go on sale."""

    size: Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[A-Za-z0-9.]+$")]
    units: Annotated[int, Field(ge=1, le=MOST_UNITS)]


class ProductSeed(_Body):
    """A product, its price and its sizes; a SKU is named `<product id>-<size>`.

    `limit`: units of each size that one shopper may buy; any number if None.
    """

    id: ProductId
    name: Title
    price_won: Annotated[int, Field(ge=1, le=1_000_000_000)]
    sizes: Annotated[list[SizeSeed], Field(min_length=1, max_length=100)]
    limit: Annotated[int | None, Field(ge=1, le=MOST_UNITS)] = None

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


class Restocked(BaseModel):
    """A SKU and the units of it that are available now."""

    sku: str
    available: int


class Admin:
    """Seeds, resets and restocks the shop."""

    def __init__(
        self,
        database: Database,
        redis: Redis,
        settings: Settings,
        identity: Identity,
        board: Board,
        strategy: Strategy,
    ) -> None:
        self._database = database
        self._redis = redis
        self._settings = settings
        self._identity = identity
        self._board = board
        self._strategy = strategy

    async def reset(self, seed: Seed) -> None:
        """Empty the shop and fill it with `seed`, in the way that the strategy wants its stock.

        Raises:
            Forbidden: the system runs in production.
            InvalidRequest: there would be empty buckets.
            Conflict: orders got in between, again and again.
        """
        if self._settings.environment == "production":
            raise Forbidden("a reset deletes every order; it is switched off in production")
        sizes = [
            (product, size, f"{product.id}-{size.size}")
            for product in seed.products
            for size in product.sizes
        ]
        if self._strategy.kept_in is KeptIn.BUCKETS:
            self._require_full_buckets({sku: size.units for _, size, sku in sizes})
        product_rows: list[dict[str, object]] = [
            {"id": product.id, "name": product.name, "price_won": product.price_won}
            for product in seed.products
        ]
        sku_rows: list[dict[str, object]] = [
            {
                "sku": sku,
                "product_id": product.id,
                "size": size.size,
                "price_won": product.price_won,
                "most_each": product.limit,
            }
            for product, size, sku in sizes
        ]

        async def refill(connection: AsyncConnection) -> None:
            await queries.empty(connection)
            await queries.set_backstops(connection, on=self._backstops)
            await queries.add_products(connection, product_rows, sku_rows, self._strategy.kept_in)
            for _, size, sku in sizes:
                buckets = self._settings.buckets
                await queries.add_units(connection, sku, size.units, buckets=buckets, column="initial")
            await queries.add_shoppers(connection, seed.shoppers, seed.balance_won)

        await self._persistently(refill)
        await self._empty_redis()
        await self._show()

    async def withdraw(self, product: str, first_shopper: int) -> None:
        """Remove a product and all shoppers from a number on, who bought nothing else, and all that they did.

        So a rehearsal's warm-up leaves nothing but warm connections. Nobody may be ordering meanwhile.

        Raises:
            Forbidden: the system runs in production.
            Conflict: orders got in between, again and again.
        """
        if self._settings.environment == "production":
            raise Forbidden("a withdrawal deletes orders; it is switched off in production")
        await self._persistently(lambda connection: queries.withdraw(connection, product, first_shopper))
        await self._empty_redis()
        await self._show()

    async def _persistently(
        self, change: Callable[[AsyncConnection], Awaitable[Result]], sku: str | None = None
    ) -> Result:
        """What `change` gives in a transaction, tried again while orders under way get in between.

        Units of `sku`, or of any SKU if None, may come: no worker refuses by its board when they do.
        """
        for _ in range(self._settings.tries):
            with suppress(TryAgain):
                await self._announce(sku)
                async with self._database.transaction() as connection:
                    return await change(connection)
        raise Conflict("orders got in between, again and again; nothing was changed, try again")

    async def _announce(self, sku: str | None) -> None:
        """Let every worker forget that it was sold out."""
        valid_s = self._board.valid_s
        async with self._database.transaction() as connection:
            await queries.announce(connection, sku, _ANNOUNCED * valid_s)
        async with self._database.reading() as connection:
            is_gone = await queries.any_sold_out(connection, sku)
        if is_gone:  # now, or it never was since units came last: nothing comes in between
            await asyncio.sleep(valid_s)

    @property
    def _backstops(self) -> bool:
        chosen = self._settings.backstops
        return self._strategy.backstops if chosen is None else chosen

    def _require_full_buckets(self, units: Mapping[str, int]) -> None:
        for sku, most in units.items():
            if most < self._settings.buckets:
                raise InvalidRequest(
                    f"{sku} has {most} units for {self._settings.buckets} buckets (DROPDAY_BUCKETS); "
                    "expected at least one in each"
                )

    async def _empty_redis(self) -> None:
        names = [name async for name in self._redis.scan_iter(match=f"{PREFIX}*", count=1_000)]
        if names:
            await self._redis.delete(*names)

    async def restock(self, key: str, sku: str, units: int) -> Answer:
        """Put `units` more on sale, once for each key of the operator.

        Raises:
            UnknownSku: there is no such SKU.
            KeyInProgress, KeyReused: the key belongs to another request.
            Conflict: orders got in between, again and again.
        """

        async def change(connection: AsyncConnection) -> Answer:
            async def add() -> str:
                available = await queries.add_units(connection, sku, units, buckets=self._settings.buckets)
                if available is None:
                    raise UnknownSku.of(sku)
                if not await queries.is_announced(connection, sku, self._board.valid_s):
                    raise TryAgain(f"the restock of {sku} took longer than it was announced for")
                return Restocked(sku=sku, available=available).model_dump_json()

            return await once(connection, OPERATOR, key, fingerprint("restock", (sku, units)), add)

        answer = await self._persistently(change, sku)
        await self._show()  # also for a copy: the first may have failed here
        return answer

    async def _show(self) -> None:
        """Tell Redis and the board of the new stock."""
        if self._strategy.redis is RedisRole.STOCK:
            await RedisStock(self._redis, self._database).reconcile()
        await self._board.refresh()

    def tokens(self, first: int, count: int) -> list[str]:
        """Tokens for `count` shoppers from number `first` on."""
        return [self._identity.issue(shopper) for shopper in range(first, first + count)]

"""A shop under test: a client of it, and a look into its books."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from time import monotonic
from typing import Any, Protocol

import asyncpg
import httpx
from redis import Redis

from harness.axes import Axes
from harness.books import read_books
from reports.experiment import StrategyUnderTest
from scenarios.books import Books
from tests.waiting import eventually

PRICE_WON = 100_000
SMALL = Axes(pool_size=5, buckets=1)  # a stock of one unit will do for every strategy

SentOrder = tuple[str, str, Sequence[tuple[str, int]]]
"""A token, a key, and lines of SKU and quantity."""


class Http(Protocol):
    """What the tests use of `httpx.Client`."""

    def request(self, *arguments: Any, **parts: Any) -> httpx.Response: ...

    def get(self, *arguments: Any, **parts: Any) -> httpx.Response: ...

    def post(self, *arguments: Any, **parts: Any) -> httpx.Response: ...


@dataclass
class TestShop(ABC):
    """A shop and a client for it. `reset` begins every test."""

    __test__ = False

    strategy: StrategyUnderTest
    admin_key: str
    database_url: str
    redis_url: str
    http: Http
    _keys: count[int] = field(default_factory=count, kw_only=True)

    @abstractmethod
    def at_once(self, orders: Sequence[SentOrder]) -> list[tuple[int, str]]:
        """Send all `orders` at the same time.

        Returns:
            (status, problem code) of each, in the orders' order: what became of it, where it was queued.
        """

    def reset(
        self,
        units: dict[str, int] | None = None,
        shoppers: int = 20,
        balance_won: int = 1_000_000,
        limit: int | None = None,
    ) -> None:
        """Empty the shop; sell the sizes of one product, `dunk`, in `units` (size: how many)."""
        sizes = [{"size": size, "units": n} for size, n in (units or {"270": 5, "280": 5}).items()]
        product = {"id": "dunk", "name": "Dunk Low", "price_won": PRICE_WON, "sizes": sizes, "limit": limit}
        seed = {"products": [product], "shoppers": shoppers, "balance_won": balance_won}
        self.admin("/admin/reset", seed).raise_for_status()

    def admin(self, path: str, body: Any) -> httpx.Response:
        return self.http.post(path, json=body, headers={"x-admin-key": self.admin_key})

    def restock(self, sku: str, units: int, key: str | None = None) -> httpx.Response:
        """Put more units on sale, under a new key where none is given."""
        key = f"restock-{next(self._keys)}" if key is None else key
        headers = {"x-admin-key": self.admin_key, "idempotency-key": key}
        return self.http.post("/admin/restock", json={"sku": sku, "units": units}, headers=headers)

    def charge(self, amount_won: Any, shopper: int = 0, key: str | None = None) -> httpx.Response:
        """Put money into a shopper's wallet, under a new key where none is given."""
        key = f"charge-{next(self._keys)}" if key is None else key
        headers = self.bearer(shopper) | {"idempotency-key": key}
        return self.http.post("/wallet/charges", json={"amount_won": amount_won}, headers=headers)

    def tokens(self, count: int) -> list[str]:
        tokens: list[str] = self.admin("/admin/tokens", {"first": 0, "count": count}).json()["tokens"]
        return tokens

    def bearer(self, shopper: int = 0) -> dict[str, str]:
        answer = self.admin("/admin/tokens", {"first": shopper, "count": 1})
        return {"authorization": f"Bearer {answer.json()['tokens'][0]}"}

    def order(
        self, *lines: tuple[str, Any], shopper: int = 0, key: str | None = None, **headers: str
    ) -> httpx.Response:
        """Order (SKU, quantity) lines, under a new key where none is given."""
        body = {"lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines]}
        key = f"key-{next(self._keys)}" if key is None else key
        sent = self.bearer(shopper) | {"idempotency-key": key} | headers
        return self.http.post("/orders", json=body, headers=sent)

    def decision(self, queued: httpx.Response, shopper: int = 0, wait_s: int = 10) -> httpx.Response:
        """What is said at the `Location` of a queued order, within `wait_s`."""
        headers = self.bearer(shopper) | {"prefer": f"wait={wait_s}"}
        return self.http.get(queued.headers["location"], headers=headers)

    def buy(self, *lines: tuple[str, Any], shopper: int = 0, key: str | None = None) -> httpx.Response:
        """Order, and if the order is queued wait for what becomes of it; the last answer."""
        answer = self.order(*lines, shopper=shopper, key=key)
        return self.decision(answer, shopper) if answer.status_code == 202 else answer

    def balance(self, shopper: int = 0) -> int:
        won: int = self.http.get("/wallet", headers=self.bearer(shopper)).json()["balance_won"]
        return won

    def books(self, began_unix_s: float = 0.0) -> Books:
        return read_books(
            database_url=self.database_url,
            redis_url=self.redis_url,
            began_unix_s=began_unix_s,
            in_redis=self.strategy.redis == "stock",
        )

    def at_rest(self, began_unix_s: float = 0.0) -> Books:
        """The books once nothing is under way any more, which may take 10 s."""
        deadline = monotonic() + 10
        while True:
            books = self.books(began_unix_s)
            if not books.intake and not any(row.reserved for row in books.stock):
                return books
            assert monotonic() < deadline, f"not at rest: {books.stock} {books.intake}"

    @contextmanager
    def stock_locked(self) -> Iterator[None]:
        """Nobody can take stock while the block lasts."""
        with self.database() as ask:
            ask("BEGIN")
            ask("SELECT FROM stock FOR UPDATE")
            yield
            ask("ROLLBACK")

    @contextmanager
    def database(self) -> Iterator[Callable[[str], list[Any]]]:
        """A connection to the shop's database: SQL to rows."""
        with asyncio.Runner() as runner:
            connection = runner.run(asyncpg.connect(self.database_url))
            try:
                yield lambda sql: list(runner.run(connection.fetch(sql)))
            finally:
                runner.run(connection.close())

    def redis(self) -> Redis:
        """A connection to the shop's corner of Redis."""
        return Redis.from_url(self.redis_url, decode_responses=True)

    def in_redis(self) -> dict[str, int]:
        """The units of each SKU that Redis says are neither sold nor held."""
        with self.redis() as redis:
            return {sku: int(units) for sku, units in redis.hgetall("dropday:stock").items()}

    def until_redis_says(self, units: dict[str, int]) -> None:
        """Wait until Redis has these units of each SKU."""
        until(lambda: self.in_redis() == units, f"{units} in Redis")

    def until(self, sql: str) -> None:
        """Wait until a query of the database says true."""
        with self.database() as ask:
            until(lambda: bool(ask(sql)[0][0]), sql)

    def left(self, sku: str) -> int:
        return next(row.available for row in self.books().stock if row.sku == sku)


def until(is_so: Callable[[], bool], what: str) -> None:
    """Wait until it is so; `what` is said if it never is."""
    assert eventually(is_so), f"it never came so far: {what}"

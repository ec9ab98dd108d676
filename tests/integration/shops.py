"""Running shops for the tests: the system as a process, on a database of its own."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any

import asyncpg
import httpx

from harness.axes import Axes
from harness.books import read_books
from harness.processes import Child, running
from harness.servers import Endpoints
from harness.shop import Shop, migrate, open_shop
from harness.strategies import known, named
from scenarios.answers import Reply, code_of, decision_in
from scenarios.books import Books
from tests.waiting import eventually

PRICE_WON = 100_000
_SMALL = Axes(pool_size=5, buckets=1)  # a stock of one unit will do for every strategy
_databases = count()
_free_in_redis = list(range(1, 16))  # a database for each open shop that uses Redis; the others share 0


@dataclass
class TestShop:
    """A shop and a client for it. `reset` begins every test."""

    __test__ = False

    shop: Shop
    database_url: str
    redis_url: str
    http: httpx.Client
    _keys: count[int] = field(default_factory=count)

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
        return self.http.post(path, json=body, headers={"x-admin-key": self.shop.admin_key})

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
            in_redis=self.shop.strategy.redis == "stock",
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
    def another_consumer(self, log: Path) -> Iterator[Child]:
        """One more process that decides what the shop queues."""
        environment = {
            "DROPDAY_DATABASE_URL": self.database_url,
            "DROPDAY_REDIS_URL": self.redis_url,
            "DROPDAY_STRATEGY": self.shop.strategy.name,
        }
        command = [sys.executable, "-m", "system", "consume"]
        with running("another consumer", command, log=log, environment=environment) as consumer:
            yield consumer

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

    def until(self, sql: str) -> None:
        """Wait until a query of the database says true."""
        with self.database() as ask:
            until(lambda: bool(ask(sql)[0][0]), sql)

    def left(self, sku: str) -> int:
        return next(row.available for row in self.books().stock if row.sku == sku)


def until(is_so: Callable[[], bool], what: str) -> None:
    """Wait until it is so; `what` is said if it never is."""
    assert eventually(is_so), f"it never came so far: {what}"


@contextmanager
def shop_with(strategy: str, endpoints: Endpoints, log: Path, axes: Axes = _SMALL) -> Iterator[TestShop]:
    """A shop with `strategy` on a new database; two shops share the servers and nothing else."""
    number = next(_databases)
    database_url = asyncio.run(new_database(endpoints.database_url, f"shop_{number}"))
    under_test = named(strategy, known())
    migrate(database_url)
    with (
        _a_place_in_redis(endpoints.redis_url, taken=under_test.redis != "none") as redis_url,
        open_shop(
            under_test,
            database_url=database_url,
            redis_url=redis_url,
            axes=axes,
            cores=sorted(os.sched_getaffinity(0)),
            log=log,
        ) as shop,
        httpx.Client(base_url=shop.url, timeout=30) as http,
    ):
        yield TestShop(shop, database_url, redis_url, http)


@contextmanager
def _a_place_in_redis(url: str, *, taken: bool) -> Iterator[str]:
    number = _free_in_redis.pop() if taken else 0
    try:
        yield f"{url}?db={number}"
    finally:
        if taken:
            _free_in_redis.append(number)


async def new_database(url: str, name: str) -> str:
    """An empty database beside the one at `url`; its own URL."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return url.replace("/postgres?", f"/{name}?")


def refusal_of(command: str, settings: dict[str, str]) -> str:
    """What `python -m system` says of wrong settings, which end it before it looks for a server."""
    servers = {"DROPDAY_DATABASE_URL": "postgresql://nowhere/x", "DROPDAY_REDIS_URL": "redis://nowhere"}
    ended = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "system", command],
        env=servers | settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended.stderr


async def send_at_once(
    shop: TestShop, orders: list[tuple[str, str, list[tuple[str, int]]]]
) -> list[tuple[int, str]]:
    """Send every order (token, key, lines) on a connection of its own, all open before the first is sent.

    Returns:
        (status, problem code) of each, in the orders' order: what became of it, where it was queued.
    """
    port = shop.shop.port
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in orders]
    answers = await asyncio.gather(
        *(
            _answered(*connection, order_request(*order))
            for order, connection in zip(orders, opened, strict=True)
        )
    )
    return [
        (answer.status, code_of(answer))
        for answer in await asyncio.gather(
            *(_decision(port, order[0], answer) for order, answer in zip(orders, answers, strict=True))
        )
    ]


async def _decision(port: int, token: str, answer: Reply) -> Reply:
    """The answer itself, or what became of the order that it says is queued."""
    while answer.status == 202:
        decided = await exchange(port, question_request(token, answer.location))
        answer = decision_in(decided) or answer
    return answer


def order_request(token: str, key: str, lines: Sequence[tuple[str, int]]) -> bytes:
    """`POST /orders` as bytes."""
    body = json.dumps({"lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines]})
    return (
        "POST /orders HTTP/1.1\r\nHost: shop\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\nIdempotency-Key: {key}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def question_request(token: str, location: str) -> bytes:
    """`GET` of a queued order, that waits for its decision, as bytes."""
    return (
        f"GET {location} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n"
        f"Authorization: Bearer {token}\r\nPrefer: wait=30\r\n\r\n"
    ).encode()


async def exchange(port: int, request: bytes) -> Reply:
    """Send a request on a connection of its own, and hang up when it is answered or this is cancelled."""
    return await _answered(*await asyncio.open_connection("127.0.0.1", port), request)


async def _answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> Reply:
    writer.write(request)
    try:
        answer = await reader.read()
    finally:
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *fields = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
    return Reply(
        status=int(first.split()[1]),
        body=body,
        server_timing=headers.get("server-timing", ""),
        replayed=headers.get("idempotency-replayed") == "true",
        location=headers.get("location", ""),
    )

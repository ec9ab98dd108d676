"""The application in the test's own process, on real PostgreSQL and Redis: no process to start, no socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from uvicorn import Config
from uvicorn.lifespan.on import LifespanOn

from harness.axes import Axes
from harness.servers import Endpoints
from harness.strategies import known, named
from system.app import create_app
from system.settings import Settings
from system.stock.port import Ack
from system.stock.strategies import strategy_named
from system.workers.consumer import consume
from tests.shops.databases import new_database, place_in_redis
from tests.shops.shop import SMALL, SentOrder, TestShop
from tests.shops.wire import cart

_ADMIN_KEY = "the operator of a shop of the tests"


@dataclass
class _Client:
    """What `httpx.Client` is for a server, for an application on a loop of its own; for any thread."""

    portal: BlockingPortal
    client: httpx.AsyncClient

    def request(self, method: str, url: str, **parts: Any) -> httpx.Response:
        return self.portal.call(partial(self.client.request, method, url, **parts))

    def get(self, url: str, **parts: Any) -> httpx.Response:
        return self.request("GET", url, **parts)

    def post(self, url: str, **parts: Any) -> httpx.Response:
        return self.request("POST", url, **parts)


@dataclass
class _InProcessShop(TestShop):
    portal: BlockingPortal
    client: httpx.AsyncClient

    def at_once(self, orders: Sequence[SentOrder]) -> list[tuple[int, str]]:
        """All are begun before the first is answered."""
        return self.portal.call(self._at_once, orders)

    async def _at_once(self, orders: Sequence[SentOrder]) -> list[tuple[int, str]]:
        return await asyncio.gather(*(self._decided(*order) for order in orders))

    async def _decided(self, token: str, key: str, lines: Sequence[tuple[str, int]]) -> tuple[int, str]:
        bearer = {"authorization": f"Bearer {token}"}
        sent = bearer | {"idempotency-key": key}
        answer = await self.client.post("/orders", content=cart(lines), headers=sent)
        if answer.status_code != 202:
            return answer.status_code, answer.json().get("code", "")
        location = answer.headers["location"]
        while answer.status_code == 202:
            answer = await self.client.get(location, headers=bearer | {"prefer": "wait=30"})
        return (201, "") if answer.status_code == 200 else (answer.status_code, answer.json()["code"])


@contextmanager
def shop_in_process(strategy: str, endpoints: Endpoints, axes: Axes = SMALL) -> Iterator[TestShop]:
    """A shop with `strategy` on a new database, its consumer beside it where it queues orders."""
    under_test = named(strategy, known())
    database_url = new_database(endpoints.database_url)
    with (
        place_in_redis(endpoints.redis_url, taken=under_test.redis != "none") as redis_url,
        start_blocking_portal("asyncio", {"use_uvloop": True}) as portal,
    ):
        settings = Settings.model_validate(
            {
                **axes.model_dump(),
                "strategy": strategy,
                "board_interval_ms": 20,
                "database_url": database_url,
                "redis_url": redis_url,
                "admin_key": _ADMIN_KEY,
                "jwt_secret": "the secret that tokens of the tests are signed with",
            }
        )
        with portal.wrap_async_context_manager(_open(settings)) as client:
            yield _InProcessShop(
                strategy=under_test,
                admin_key=_ADMIN_KEY,
                database_url=database_url,
                redis_url=redis_url,
                http=_Client(portal, client),
                portal=portal,
                client=client,
            )


@asynccontextmanager
async def _open(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings)
    lifespan = LifespanOn(Config(app, log_config=None, lifespan="on"))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    stop = asyncio.Event()
    await lifespan.startup()
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://shop") as client,
        asyncio.TaskGroup() as consumers,
    ):
        strategy = strategy_named(settings.strategy)
        if strategy.ack is Ack.QUEUED:
            consumers.create_task(consume(settings, strategy, stop))
        yield client
        stop.set()
    await lifespan.shutdown()

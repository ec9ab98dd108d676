"""The system as processes that serve on a port: for what needs sockets, signals or several workers."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from harness.axes import Axes
from harness.processes import Child, running
from harness.servers import Endpoints
from harness.shop import Shop, open_shop
from harness.strategies import known, named
from scenarios.answers import Reply, code_of, decision_in
from tests.shops.databases import new_database, place_in_redis
from tests.shops.shop import SMALL, SentOrder, TestShop
from tests.shops.wire import answered, exchange, order_request, question_request


@dataclass
class ServedShop(TestShop):
    """A shop whose processes can be told to end, or killed."""

    system: Shop

    def at_once(self, orders: Sequence[SentOrder]) -> list[tuple[int, str]]:
        """Each order comes by a connection of its own, and all are open before the first is sent."""
        return asyncio.run(_send_at_once(self.system.port, orders))

    @contextmanager
    def another_consumer(self, log: Path) -> Iterator[Child]:
        """One more process that decides what the shop queues."""
        environment = {
            "DROPDAY_DATABASE_URL": self.database_url,
            "DROPDAY_REDIS_URL": self.redis_url,
            "DROPDAY_STRATEGY": self.strategy.name,
        }
        command = [sys.executable, "-m", "system", "consume"]
        with running("another consumer", command, log=log, environment=environment) as consumer:
            yield consumer


@contextmanager
def served_shop(
    strategy: str, endpoints: Endpoints, log: Path, axes: Axes = SMALL, database_url: str | None = None
) -> Iterator[ServedShop]:
    """A shop with `strategy`, on a new database where none is given."""
    under_test = named(strategy, known())
    database_url = database_url or new_database(endpoints.database_url)
    with (
        place_in_redis(endpoints.redis_url, taken=under_test.redis != "none") as redis_url,
        open_shop(
            under_test,
            database_url=database_url,
            redis_url=redis_url,
            axes=axes,
            cores=sorted(os.sched_getaffinity(0)),
            log=log,
        ) as system,
        httpx.Client(base_url=system.url, timeout=30) as http,
    ):
        yield ServedShop(under_test, system.admin_key, database_url, redis_url, http, system)


async def _send_at_once(port: int, orders: Sequence[SentOrder]) -> list[tuple[int, str]]:
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in orders]
    answers = await asyncio.gather(
        *(
            answered(*connection, order_request(*order))
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

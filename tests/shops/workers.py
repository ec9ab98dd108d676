"""Questions to all workers of a shop: each comes by a connection of its own, and any worker takes it."""

from __future__ import annotations

import asyncio

from scenarios.answers import Reply
from tests.shops.served import ServedShop
from tests.shops.wire import exchange, order_request

_MANY = 40  # all at one of two workers: once in 10^12


def copies(shop: ServedShop, token: str, key: str, sku: str) -> list[Reply]:
    """The answers to many copies of an order for one unit, sent at once."""

    async def send() -> list[Reply]:
        request = order_request(token, key, [(sku, 1)])
        return await asyncio.gather(*(exchange(shop.system.port, request) for _ in range(_MANY)))

    return asyncio.run(send())


def until_every_board_shows(shop: ServedShop, token: str, sku: str) -> None:
    """Ask until all workers answer from their sold-out boards."""
    while not all("board" in reply.server_timing for reply in copies(shop, token, "a question", sku)):
        pass

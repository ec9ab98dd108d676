"""Requests as bytes, each on a connection of its own: for a client that hangs up, or comes in a crowd."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from scenarios.answers import Reply


def cart(lines: Sequence[tuple[str, int]]) -> str:
    """The body of `POST /orders`."""
    return json.dumps({"lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines]})


def order_request(token: str, key: str, lines: Sequence[tuple[str, int]]) -> bytes:
    """`POST /orders`."""
    body = cart(lines)
    return (
        "POST /orders HTTP/1.1\r\nHost: shop\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\nIdempotency-Key: {key}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def question_request(token: str, location: str) -> bytes:
    """`GET` of a queued order, that waits for its decision."""
    return (
        f"GET {location} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n"
        f"Authorization: Bearer {token}\r\nPrefer: wait=30\r\n\r\n"
    ).encode()


async def exchange(port: int, request: bytes) -> Reply:
    """Send a request on a connection of its own, and hang up when it is answered or this is cancelled."""
    return await answered(*await asyncio.open_connection("127.0.0.1", port), request)


async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> Reply:
    """Send a request on an open connection, read to its end, and hang up."""
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

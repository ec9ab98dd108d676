"""What the closed-loop client writes on the wire, and what it reads from an answer."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

import numpy as np

from harness.closed_loop.load import Gets, Orders, Quantiles

_DECISION_WITHIN_S = 30  # as long as the shop holds a request that waits for a queued order


def messages(requests: Gets | Orders, host: str) -> Iterator[bytes]:
    """The requests as they go over the wire, without end."""
    if isinstance(requests, Gets):
        return itertools.repeat(f"GET {requests.path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    return _orders(requests, host)


def _orders(orders: Orders, host: str) -> Iterator[bytes]:
    quantity = orders.quantity
    bodies = [json.dumps({"lines": [{"sku": sku, "quantity": quantity}]}) for sku in orders.skus]
    tails = [f"Content-Length: {len(body)}\r\n\r\n{body}".encode() for body in bodies]
    heads = [
        f"POST /orders HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\nIdempotency-Key: {orders.label}-".encode()
        for token in orders.tokens
    ]
    for number, head, tail in zip(
        itertools.count(), itertools.cycle(heads), itertools.cycle(tails), strict=False
    ):
        yield b"%b%d\r\n%b" % (head, number, tail)


def inquiry(order: bytes, answer: bytes) -> bytes:
    """The request that waits until a queued order is decided.

    Args:
        order: the request that was queued.
        answer: the head of the answer that said so, and where its decision will be.
    """
    return b"GET %b HTTP/1.1\r\nHost: %b\r\nAuthorization: %b\r\nPrefer: wait=%d\r\n\r\n" % (
        header(answer, b"location"),
        header(order, b"host"),
        header(order, b"authorization"),
        _DECISION_WITHIN_S,
    )


def header(head: bytes, name: bytes) -> bytes:
    """The value of the header `name`, which is in lower case; empty if it is not there."""
    at = head.lower().find(b"\r\n" + name + b":")
    return head[at + len(name) + 3 :].partition(b"\r\n")[0].strip() if at >= 0 else b""


def is_queued(head: bytes) -> bool:
    """Whether an answer says that the order is to be decided later."""
    return head[9:12] == b"202"


def code(head: bytes, body: bytes) -> str:
    """The problem code of an answer, or its status where it is no problem."""
    status = head[9:12].decode()
    is_problem = b"problem+json" in header(head, b"content-type")
    return str(json.loads(body).get("code", status)) if is_problem else status


def spans(timings: list[bytes]) -> dict[str, Quantiles]:
    """The quantiles of every span in Server-Timing values such as `pool;dur=0.1, place_order;dur=1.6`."""
    durations: dict[str, list[float]] = {}
    for timing in timings:
        for span in timing.decode().split(","):
            name, _, duration_ms = span.strip().partition(";dur=")
            durations.setdefault(name, []).append(float(duration_ms))
    return {name: Quantiles.of(np.array(values)) for name, values in durations.items()}

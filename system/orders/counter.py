"""The counter: `POST /orders`, and what became of queued ones, from the bytes that come to those that go.

`ExpressLane` serves it in front of FastAPI, whose routing, middleware and responses would cost as much
processor time as the rest of an order. FastAPI documents the routes, and answers them where there is no lane.
"""

from __future__ import annotations

from collections.abc import Awaitable

from pydantic import ValidationError
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from system.errors import NotFound, ShopError, TooLarge, invalid, respond
from system.orders.answers import queued, response_to, response_to_decision, wait_s
from system.orders.model import Cart, Order
from system.orders.service import Orders
from system.platform.auth import Identity, idempotency_key
from system.platform.outages import respond_to
from system.platform.spans import Spans
from system.platform.text import can_be_stored

MOST_BODY_BYTES = 64_000

_QUEUED = "/orders/queued/"


class Counter:
    """Takes one order at a time, each to its end."""

    def __init__(self, orders: Orders, identity: Identity, *, sort_carts: bool) -> None:
        self._orders = orders
        self._identity = identity
        self._sort_carts = sort_carts

    async def serve(self, headers: dict[bytes, bytes], body: bytes) -> Response:
        """The answer to a request with these headers (names in lower case) and this body."""
        spans = Spans()
        try:
            response = response_to(await self._orders.place(self._order(headers, body), spans))
        except ShopError as refusal:
            response = respond(refusal)
        response.raw_headers.append((b"server-timing", spans.header().encode()))
        return response

    async def tell(self, headers: dict[bytes, bytes], key: str) -> Response:
        """What became of the caller's queued order with this key; waits for it if `Prefer` says so.

        Raises:
            Unauthenticated: nobody says who is calling.
            NotFound: no such order of theirs was queued.
        """
        shopper = self._identity.shopper(headers.get(b"authorization", b"").decode("latin-1"))
        patience_s = wait_s(headers.get(b"prefer", b"").decode("latin-1"))
        decision = await self._orders.decision(shopper, key, patience_s)
        return response_to_decision(decision) if decision else queued(key)

    def _order(self, headers: dict[bytes, bytes], body: bytes) -> Order:
        shopper = self._identity.shopper(headers.get(b"authorization", b"").decode("latin-1"))
        key = idempotency_key(headers.get(b"idempotency-key", b"").decode("latin-1"))
        try:
            return Order.of(shopper, key, Cart.model_validate_json(body), sort=self._sort_carts)
        except ValidationError as error:
            raise invalid(error.errors()) from None


class ExpressLane:
    """ASGI: `POST /orders` and `GET /orders/queued/..` go to the counter, everything else to `app`."""

    def __init__(self, app: ASGIApp, counter: Counter) -> None:
        self._app = app
        self._counter = counter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not can_be_stored(scope["path"]):
            await respond(NotFound("nothing here has a null character in its name"))(scope, receive, send)
            return
        answer = self._at_the_counter(scope, receive) if scope["type"] == "http" else None
        if answer is None:
            await self._app(scope, receive, send)
            return
        try:
            response = await answer
        except Exception as error:
            response = respond_to(error)
        await response(scope, receive, send)

    def _at_the_counter(self, scope: Scope, receive: Receive) -> Awaitable[Response] | None:
        path: str = scope["path"]
        match scope["method"]:
            case "POST" if path == "/orders":
                return self._take_order(dict(scope["headers"]), receive)
            case "GET" if path.startswith(_QUEUED):
                return self._counter.tell(dict(scope["headers"]), path.removeprefix(_QUEUED))
        return None

    async def _take_order(self, headers: dict[bytes, bytes], receive: Receive) -> Response:
        return await self._counter.serve(headers, await _body(receive))


async def _body(receive: Receive) -> bytes:
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MOST_BODY_BYTES:
            raise TooLarge(f"an order has at most {MOST_BODY_BYTES} bytes")
    return body

"""The counter: `POST /orders`, from the bytes of the request to the bytes of the answer.

`ExpressLane` serves it in front of FastAPI, whose routing, middleware and responses would cost as much
processor time as the rest of an order. FastAPI documents the route, and answers it where there is no lane.
"""

from __future__ import annotations

from pydantic import ValidationError
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from system.errors import ShopError, TooLarge, invalid, respond
from system.orders.answers import response_to
from system.orders.model import Cart, Order
from system.orders.service import Orders
from system.platform.auth import Identity, idempotency_key
from system.platform.outages import respond_to
from system.platform.spans import Spans

MOST_BODY_BYTES = 64_000


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

    def _order(self, headers: dict[bytes, bytes], body: bytes) -> Order:
        shopper = self._identity.shopper(headers.get(b"authorization", b"").decode("latin-1"))
        key = idempotency_key(headers.get(b"idempotency-key", b"").decode("latin-1"))
        try:
            return Order.of(shopper, key, Cart.model_validate_json(body), sort=self._sort_carts)
        except ValidationError as error:
            raise invalid(error.errors()) from None


class ExpressLane:
    """ASGI: `POST /orders` goes to the counter, everything else to `app`."""

    def __init__(self, app: ASGIApp, counter: Counter) -> None:
        self._app = app
        self._counter = counter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/orders" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        try:
            response = await self._counter.serve(dict(scope["headers"]), await _body(receive))
        except Exception as error:
            response = respond_to(error)
        await response(scope, receive, send)


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

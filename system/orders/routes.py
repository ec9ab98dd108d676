"""HTTP for orders."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from system.errors import ShopError, invalid, respond
from system.orders.model import Cart, Order
from system.orders.queries import OrderView, PlacedOrder
from system.orders.service import Orders
from system.platform.auth import Identity, idempotency_key
from system.platform.openapi import BEARER, IDEMPOTENCY_KEY, json_body, problems
from system.platform.spans import Spans


def router(orders: Orders, identity: Identity) -> APIRouter:
    """The routes, bound to the service."""
    routes = APIRouter(tags=["orders"])

    # The hot path reads its request by hand: FastAPI's own parsing would cost as much as the rest of it.
    @routes.post(
        "/orders",
        status_code=201,
        response_model=PlacedOrder,
        responses=problems(400, 401, 402, 409, 422, 503),
        openapi_extra=json_body(Cart) | {"parameters": [IDEMPOTENCY_KEY], "security": [BEARER]},
    )
    async def place_order(request: Request) -> Response:
        """Buy the cart from the wallet, or refuse it whole."""
        spans = Spans()
        headers = {}
        try:
            shopper = identity.shopper(request)
            key = idempotency_key(request)
            placed = await orders.place(Order.of(shopper, key, _cart(await request.body())), spans)
        except ShopError as refusal:
            response = respond(refusal)
        else:
            if placed.replayed:
                headers["idempotency-replayed"] = "true"
            response = Response(placed.answer, 201, headers, "application/json")
        response.headers["server-timing"] = spans.header()
        return response

    @routes.get("/orders", responses=problems(401), openapi_extra={"security": [BEARER]})
    async def read_orders(request: Request) -> list[OrderView]:
        """The caller's newest orders."""
        return await orders.of(identity.shopper(request))

    @routes.get("/orders/{order_id}", responses=problems(401, 404, 422), openapi_extra={"security": [BEARER]})
    async def read_order(request: Request, order_id: UUID) -> OrderView:
        """One order of the caller."""
        return await orders.one(identity.shopper(request), order_id)

    return routes


def _cart(body: bytes) -> Cart:
    try:
        return Cart.model_validate_json(body)
    except ValidationError as error:
        raise invalid(error.errors()) from None

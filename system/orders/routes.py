"""HTTP for orders."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request, Response

from system.orders.answers import queued, response_to_decision, wait_s
from system.orders.counter import MOST_BODY_BYTES, Counter
from system.orders.model import Cart
from system.orders.queries import OrderView, PlacedOrder
from system.orders.service import Orders
from system.platform.auth import Identity
from system.platform.openapi import BEARER, IDEMPOTENCY_KEY, json_body, problems


def router(orders: Orders, counter: Counter, identity: Identity) -> APIRouter:
    """The routes, bound to the services."""
    routes = APIRouter(tags=["orders"])

    @routes.post(
        "/orders",
        status_code=201,
        response_model=PlacedOrder,
        responses=problems(400, 401, 402, 409, 413, 422, 503),
        openapi_extra=json_body(Cart) | {"parameters": [IDEMPOTENCY_KEY], "security": [BEARER]},
        max_body_size=MOST_BODY_BYTES,
    )
    async def place_order(request: Request) -> Response:
        """Buy the cart from the wallet, or refuse it whole. Some strategies answer 202, and decide later."""
        return await counter.serve(dict(request.headers.raw), await request.body())

    @routes.get("/orders", responses=problems(401), openapi_extra={"security": [BEARER]})
    async def read_orders(request: Request) -> list[OrderView]:
        """The caller's newest orders."""
        return await orders.of(identity.shopper(request.headers.get("authorization")))

    @routes.get(
        "/orders/queued/{key:path}",
        response_model=PlacedOrder,
        responses=problems(401, 402, 404, 409, 422) | {202: {"description": "Not decided yet"}},
        openapi_extra={"security": [BEARER]},
    )
    async def read_decision(request: Request, key: str) -> Response:
        """What became of a queued order; `Prefer: wait=S` lets the answer take S seconds."""
        shopper = identity.shopper(request.headers.get("authorization"))
        decision = await orders.decision(shopper, key, wait_s(request.headers.get("prefer")))
        return response_to_decision(decision) if decision else queued(key)

    @routes.get("/orders/{order_id}", responses=problems(401, 404, 422), openapi_extra={"security": [BEARER]})
    async def read_order(request: Request, order_id: UUID) -> OrderView:
        """One order of the caller."""
        return await orders.one(identity.shopper(request.headers.get("authorization")), order_id)

    return routes

"""HTTP for the operator; every route asks for the admin key."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from system.admin.service import MOST_SHOPPERS, MOST_TOKENS, MOST_UNITS, Admin, Restocked, Seed
from system.checkout.idempotency import response_of
from system.platform.auth import Identity, idempotency_key
from system.platform.openapi import ADMIN, IDEMPOTENCY_KEY, problems
from system.platform.text import ProductId, Sku


class Restock(BaseModel):
    """Units of a SKU that come on sale."""

    model_config = ConfigDict(extra="forbid", strict=True)

    sku: Sku
    units: Annotated[int, Field(ge=1, le=MOST_UNITS)]


class Withdrawal(BaseModel):
    """A product, and the shoppers from number `first_shopper` on, who bought nothing else."""

    model_config = ConfigDict(extra="forbid", strict=True)

    product: ProductId
    first_shopper: Annotated[int, Field(ge=0, le=MOST_SHOPPERS)]


class TokenRange(BaseModel):
    """Shoppers `first` to `first + count - 1`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    first: Annotated[int, Field(ge=0, le=MOST_SHOPPERS)]
    count: Annotated[int, Field(ge=1, le=MOST_TOKENS)]


class Tokens(BaseModel):
    """Bearer tokens, in the order of the shoppers' numbers."""

    tokens: list[str]


def router(admin: Admin, identity: Identity) -> APIRouter:
    """The routes, bound to the service."""
    routes = APIRouter(
        prefix="/admin",
        tags=["admin"],
        dependencies=[Depends(identity.require_admin)],
        responses=problems(400, 403, 409, 422),
    )

    @routes.post("/reset", status_code=204, openapi_extra={"security": [ADMIN]})
    async def reset(seed: Seed) -> None:
        """Delete everything, and seed products and shoppers."""
        await admin.reset(seed)

    @routes.post("/withdraw", status_code=204, openapi_extra={"security": [ADMIN]})
    async def withdraw(withdrawal: Withdrawal) -> None:
        """Delete a product and the last shoppers, with everything that they did: a warm-up that is over."""
        await admin.withdraw(withdrawal.product, withdrawal.first_shopper)

    @routes.post(
        "/restock",
        response_model=Restocked,
        openapi_extra={"parameters": [IDEMPOTENCY_KEY], "security": [ADMIN]},
    )
    async def restock(request: Request, restock: Restock) -> Response:
        """Put more units of a SKU on sale, once for each key. A SKU that was sold out takes a second."""
        key = idempotency_key(request.headers.get("idempotency-key"))
        return response_of(await admin.restock(key, restock.sku, restock.units), 200)

    @routes.post("/tokens", openapi_extra={"security": [ADMIN]})
    async def tokens(wanted: TokenRange) -> Tokens:
        """Issue tokens to a range of shoppers."""
        return Tokens(tokens=admin.tokens(wanted.first, wanted.count))

    return routes

"""HTTP for wallets. There is no way to name another shopper's wallet: the token says whose it is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from system.checkout.idempotency import response_of
from system.platform.auth import Identity, idempotency_key
from system.platform.openapi import BEARER, IDEMPOTENCY_KEY, problems
from system.wallets.queries import LedgerEntry, Wallet
from system.wallets.service import Wallets

LEAST_CHARGE_WON = 1_000
MOST_CHARGE_WON = 1_000_000_000


class Charge(BaseModel):
    """The body of `POST /wallet/charges`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    amount_won: Annotated[int, Field(ge=LEAST_CHARGE_WON, le=MOST_CHARGE_WON)]


def router(wallets: Wallets, identity: Identity) -> APIRouter:
    """The routes, bound to the service."""
    routes = APIRouter(prefix="/wallet", tags=["wallet"])

    @routes.post(
        "/charges",
        status_code=201,
        response_model=Wallet,
        responses=problems(400, 401, 409, 422),
        openapi_extra={"parameters": [IDEMPOTENCY_KEY], "security": [BEARER]},
    )
    async def charge(request: Request, charge: Charge) -> Response:
        """Put at least 1,000 won into the caller's wallet, once for each key."""
        shopper = identity.shopper(request.headers.get("authorization"))
        key = idempotency_key(request.headers.get("idempotency-key"))
        return response_of(await wallets.charge(shopper, key, charge.amount_won), 201)

    @routes.get("", responses=problems(401), openapi_extra={"security": [BEARER]})
    async def read_wallet(request: Request) -> Wallet:
        """The caller's balance."""
        return await wallets.balance(identity.shopper(request.headers.get("authorization")))

    @routes.get("/ledger", responses=problems(401), openapi_extra={"security": [BEARER]})
    async def read_ledger(request: Request) -> list[LedgerEntry]:
        """The newest changes of the caller's balance, the newest first."""
        return await wallets.ledger(identity.shopper(request.headers.get("authorization")))

    return routes

"""The errors a client can meet, as RFC 9457 problem details.

ShopError
 |- InvalidRequest 422        Unauthenticated 401     Forbidden 403     NotFound 404
 |- KeyMissing 400            KeyInvalid 400          KeyReused 422     KeyInProgress 409
 |- SoldOut 409               Conflict 409            UnknownSku 422         TooLarge 413
 |- InsufficientFunds 402     LimitReached 409        Overloaded 503          Unavailable 503
 `- TryAgain: a Conflict that another try may get past
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from starlette.responses import Response

PROBLEM = "application/problem+json"


class ShopError(Exception):
    """A refusal that the client can understand; `code` is stable, `detail` says what and how to mend it."""

    status: ClassVar[int]
    code: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, detail: str, **members: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.members = members


class InvalidRequest(ShopError):
    """The request does not have the documented form."""

    status, code, title = 422, "invalid_request", "The request is not of the documented form"


class Unauthenticated(ShopError):
    """No token, or one that is broken or expired."""

    status, code, title = 401, "unauthenticated", "A valid bearer token is needed"


class Forbidden(ShopError):
    """The caller is known, or knows a wrong key, and may not do this."""

    status, code, title = 403, "forbidden", "Not allowed"


class NotFound(ShopError):
    """There is no such thing, or it is not the caller's."""

    status, code, title = 404, "not_found", "Not found"


class KeyMissing(ShopError):
    """No `Idempotency-Key` header."""

    status, code, title = 400, "idempotency_key_missing", "An Idempotency-Key header is needed"


class KeyInvalid(ShopError):
    """An `Idempotency-Key` that is too long or not printable ASCII."""

    status, code, title = 400, "idempotency_key_invalid", "The Idempotency-Key cannot be used"


class KeyReused(ShopError):
    """The key already stands for a request with another body."""

    status, code, title = 422, "idempotency_key_reused", "The Idempotency-Key belongs to another request"

    @classmethod
    def of(cls, key: str) -> Self:
        """The refusal that names the key."""
        return cls(f"key {key!r} was sent with another body; use a new key")


class KeyInProgress(ShopError):
    """A request with this key is being worked on."""

    status, code, title = 409, "key_in_progress", "A request with this Idempotency-Key is in progress"

    @classmethod
    def of(cls, key: str) -> Self:
        """The refusal that names the key."""
        return cls(f"the request with key {key!r} is not finished; ask again later")


class TooLarge(ShopError):
    """The body is larger than anything the request could mean."""

    status, code, title = 413, "too_large", "The request is too large"


class SoldOut(ShopError):
    """Fewer units are left than asked for."""

    status, code, title = 409, "sold_out", "Sold out"

    @classmethod
    def of(cls, sku: str) -> Self:
        """The refusal that names the SKU."""
        return cls(f"fewer units of {sku} are left than the order asks for", sku=sku)


class Conflict(ShopError):
    """Nothing was done, because others got in between too often or for too long."""

    status, code, title = 409, "conflict", "Too many shoppers at once"


class TryAgain(Conflict):
    """Others changed the stock in between: what was read is no longer so. Strategies that retry catch it."""


class LimitReached(ShopError):
    """The shopper has, or would have, more units of a SKU than one shopper may buy."""

    status, code, title = 409, "limit_reached", "No more of these for you"

    @classmethod
    def of(cls, sku: str) -> Self:
        """The refusal that names the SKU."""
        return cls(f"with this order you would have more of {sku} than one shopper may buy", sku=sku)


class UnknownSku(ShopError):
    """An order names a SKU that the shop does not have."""

    status, code, title = 422, "unknown_sku", "No such SKU"

    @classmethod
    def of(cls, sku: str) -> Self:
        """The refusal that names the SKU."""
        return cls(f"{sku!r} is not a SKU of this shop; GET /products lists them", sku=sku)


class InsufficientFunds(ShopError):
    """The wallet holds less than the order costs."""

    status, code, title = 402, "insufficient_funds", "The wallet does not hold enough"

    @classmethod
    def of(cls, total_won: object) -> Self:
        """The refusal that names what the order costs."""
        return cls(f"the order costs {total_won} won; charge the wallet first")


class Overloaded(ShopError):
    """No database connection came free in time; nothing was done."""

    status, code, title = 503, "overloaded", "The shop is overloaded"


class Unavailable(ShopError):
    """A server behind the shop does not answer; the request may or may not have been carried out."""

    status, code, title = 503, "unavailable", "The shop is not available"


def document(status: int, code: str, title: str, detail: str, **members: Any) -> str:
    """A problem as JSON. `members` are further fields of the problem (RFC 9457, section 3.2)."""
    body = {"type": f"urn:dropday:{code}", "title": title, "status": status, "detail": detail, "code": code}
    return json.dumps(body | members)


def problem(status: int, code: str, title: str, detail: str) -> Response:
    """A problem+json response."""
    return Response(document(status, code, title, detail), status, media_type=PROBLEM)


def document_of(error: ShopError) -> str:
    """The problem that `error` stands for, as JSON."""
    return document(error.status, error.code, error.title, error.detail, **error.members)


def respond(error: ShopError) -> Response:
    """The response that `error` stands for."""
    return Response(document_of(error), error.status, media_type=PROBLEM)


def invalid(errors: Sequence[Any]) -> InvalidRequest:
    """What pydantic found wrong, one sentence for each place, the value named."""
    places = [_place(error) for error in errors]
    return InvalidRequest("; ".join(places), errors=places)


def _place(error: Mapping[str, Any]) -> str:
    where = ".".join(str(part) for part in error["loc"]) or "body"
    value = repr(error.get("input"))
    return f"{where}: {error['msg']}, not {value if len(value) <= 80 else value[:77] + '...'}"

"""Who is calling, and is it the same call again: bearer tokens (JWT, HS256), admin key, idempotency key."""

from __future__ import annotations

import hmac
import re
import time
from functools import lru_cache

import jwt
from starlette.requests import Request

from system.errors import Forbidden, KeyInvalid, KeyMissing, Unauthenticated
from system.settings import Settings

_ALGORITHM = "HS256"
_LIFETIME_S = 24 * 3600
_LARGEST_SHOPPER = 2**63 - 1
_TOKENS_REMEMBERED = 50_000
_KEY = re.compile(r"[\x20-\x7e]{1,255}")


class Identity:
    """Issues and checks tokens with one secret."""

    def __init__(self, settings: Settings) -> None:
        self._secret = settings.jwt_secret.get_secret_value()
        self._admin_key = settings.admin_key.get_secret_value().encode()
        # A signature that held once holds again; checking it is a tenth of an order's processor time.
        self._checked = lru_cache(_TOKENS_REMEMBERED)(self._check)

    def issue(self, shopper: int) -> str:
        """A token that lets its bearer act as `shopper` for a day."""
        claims = {"sub": str(shopper), "exp": int(time.time()) + _LIFETIME_S}
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    def shopper(self, authorization: str | None) -> int:
        """The shopper whose token the header `Authorization` bears.

        Raises:
            Unauthenticated: there is no token, or it is malformed, forged or expired.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("send the header 'Authorization: Bearer <token>'")
        shopper, expires = self._checked(token)
        if expires <= time.time():
            raise Unauthenticated("the token has expired; ask for a new one")
        return shopper

    def _check(self, token: str) -> tuple[int, int]:
        """Whose token this is and when it expires (seconds since the epoch), if its signature holds."""
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                options={"require": ["sub", "exp"]},
            )
        except jwt.ExpiredSignatureError:
            raise Unauthenticated("the token has expired; ask for a new one") from None
        except jwt.InvalidTokenError as error:
            raise Unauthenticated(f"the token is not valid: {error}") from None
        return _shopper_number(claims["sub"]), int(claims["exp"])

    def require_admin(self, request: Request) -> None:
        """Let the request pass if it bears the admin key.

        Raises:
            Forbidden: the header is missing or holds another key.
        """
        given = request.headers.get("x-admin-key", "").encode()
        if not hmac.compare_digest(given, self._admin_key):
            raise Forbidden("send the operator's key in the header 'X-Admin-Key'")


def idempotency_key(header: str | None) -> str:
    """The value of the header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).

    Raises:
        KeyMissing: there is no such header, or it is empty.
        KeyInvalid: it is longer than 255 characters or not printable ASCII.
    """
    key = (header or "").strip()
    if not key:
        raise KeyMissing("send the header 'Idempotency-Key' with a value that is new for every order")
    if not _KEY.fullmatch(key):
        raise KeyInvalid(
            f"a key has 1 to 255 printable ASCII characters; this one has {len(key)}: {key[:60]!r}"
        )
    return key


def _shopper_number(subject: str) -> int:
    if subject.isascii() and subject.isdigit() and int(subject) <= _LARGEST_SHOPPER:
        return int(subject)
    raise Unauthenticated(f"the token's subject {subject!r} is not a shopper's number")

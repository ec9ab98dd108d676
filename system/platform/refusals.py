"""The SQLSTATEs in which the database refuses, as the errors that they mean."""

from __future__ import annotations

from collections.abc import Callable

import asyncpg
from sqlalchemy.exc import DBAPIError

from system.errors import (
    Conflict,
    InsufficientFunds,
    KeyInProgress,
    KeyReused,
    LimitReached,
    ShopError,
    SoldOut,
    TryAgain,
    UnknownSku,
)


def meaning_of(error: asyncpg.PostgresError | DBAPIError) -> Exception:
    """The error that a SQLSTATE stands for in the shop; `error` itself where it stands for none."""
    cause = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig else error
    return meaning_of_state(getattr(cause, "sqlstate", ""), str(cause)) or error


def meaning_of_state(sqlstate: str, message: str) -> ShopError | None:
    """The error that a SQLSTATE stands for in the shop, if it stands for one."""
    meaning = _MEANINGS.get(sqlstate)
    return meaning(message) if meaning else None


def is_of_the_data(error: BaseException) -> bool:
    """Whether the database cannot store what it was given, rather than cannot work: classes 22 and 23.

    A check that fails is not of the data: it is the backstop behind a control that sold what others had.
    """
    cause = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig else error
    of_the_data = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
    return isinstance(cause, of_the_data) and not isinstance(cause, asyncpg.CheckViolationError)


def _too_busy(_: str) -> Conflict:
    return Conflict("another shopper held the stock for too long; nothing was bought, try again")


def _overtaken(_: str) -> TryAgain:
    return TryAgain("others changed the stock in between; nothing was bought, try again")


def _too_late(_: str) -> Conflict:
    return Conflict(
        "the units were held for this order and the hold has expired; nothing was bought, try again"
    )


_MEANINGS: dict[str, Callable[[str], ShopError]] = {
    "DD001": SoldOut.of,
    "DD002": InsufficientFunds.of,
    "DD003": UnknownSku.of,
    "DD004": KeyInProgress.of,
    "DD005": KeyReused.of,
    "DD006": _overtaken,
    "DD007": LimitReached.of,
    "DD008": _too_late,
    "55P03": _too_busy,  # lock_not_available: lock_timeout ran out
    "40P01": _overtaken,  # deadlock_detected
    "40001": _overtaken,  # serialization_failure
}

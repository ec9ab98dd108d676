"""The SQLSTATEs in which the database refuses, as the errors that they mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError

from system.errors import Conflict, InsufficientFunds, KeyInProgress, KeyReused, SoldOut, UnknownSku


class StockChanged(Exception):
    """A stock row is no longer the version that was read."""


@contextmanager
def refusals() -> Iterator[None]:
    """Raise, for a statement's SQLSTATE that has a meaning in the shop, the error it means."""
    try:
        yield
    except (asyncpg.PostgresError, DBAPIError) as error:
        cause = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig else error
        meaning = _MEANINGS.get(getattr(cause, "sqlstate", ""))
        if meaning is None:
            raise
        raise meaning(str(cause)) from None


def _too_busy(_: str) -> Conflict:
    return Conflict("another shopper held the stock for too long; nothing was bought, try again")


def _too_poor(total_won: str) -> InsufficientFunds:
    return InsufficientFunds(f"the order costs {total_won} won; charge the wallet first")


_MEANINGS: dict[str, Callable[[str], Exception]] = {
    "DD001": SoldOut.of,
    "DD002": _too_poor,
    "DD003": UnknownSku.of,
    "DD004": KeyInProgress.of,
    "DD005": KeyReused.of,
    "DD006": StockChanged,
    "55P03": _too_busy,  # lock_not_available: lock_timeout ran out
    "40P01": _too_busy,  # deadlock_detected
}

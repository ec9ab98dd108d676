"""The one store of idempotency keys: a key has one effect over all endpoints, strategies and states.

Three steps: claim a key, replay the answer that was kept for it, or finish with an answer to keep. Orders
claim their keys by the same functions of the schema (`lock_of_key`, `claim_key`, `enqueue`, `open_batch`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    SmallInteger,
    Table,
    Text,
    Uuid,
    cast,
    func,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from system.platform.refusals import meaning_of
from system.platform.tables import metadata

OPERATOR = -1  # whose the keys of the operator are; shoppers are numbered from 0

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("shopper", BigInteger, primary_key=True, autoincrement=False),
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("order_id", Uuid),
    Column("status", SmallInteger, nullable=False),
    Column("answer", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
)

# What an order's key stands for: an answer where it is done, none where it waits in the log.
KNOWN_ORDER = """
SELECT fingerprint, answer FROM idempotency_keys WHERE shopper = $1 AND key = $2
UNION ALL SELECT fingerprint, NULL FROM intake WHERE shopper = $1 AND key = $2
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of an answer; `replayed`: kept from an earlier request with the same key."""

    body: str
    replayed: bool


def fingerprint(kind: str, content: object) -> str:
    """A digest that is the same for two requests exactly when they ask for the same thing."""
    return hashlib.sha256(f"{kind}:{content!r}".encode()).hexdigest()


def response_of(answer: Answer, status: int) -> Response:
    """The response that an answer stands for; its header tells if it is a copy."""
    headers = {"idempotency-replayed": "true"} if answer.replayed else {}
    return Response(answer.body, status, headers, "application/json")


async def once(
    connection: AsyncConnection, owner: int, key: str, digest: str, effect: Callable[[], Awaitable[str]]
) -> Answer:
    """Have an effect once for each key, inside the transaction of `connection`; keep and give its answer.

    Args:
        owner: the shopper whose key it is, or `OPERATOR`.
        digest: the `fingerprint` of the request.
        effect: does what is asked, and returns the answer. If it raises, the key is free again.

    Raises:
        KeyInProgress, KeyReused: the key belongs to another request.
    """
    kept = await _claim(connection, owner, key, digest)
    if kept is not None:
        return Answer(kept, replayed=True)
    answer = await effect()
    await _finish(connection, owner, key, answer)
    return Answer(answer, replayed=False)


async def _claim(connection: AsyncConnection, owner: int, key: str, digest: str) -> str | None:
    """Take the key for this request, or return the answer kept for it."""
    claim = func.claim_key(owner, key, digest, None, cast(201, SmallInteger), "")
    try:
        kept: str | None = (await connection.execute(select(claim))).scalar_one()
    except DBAPIError as error:
        raise meaning_of(error) from None
    return kept


async def _finish(connection: AsyncConnection, owner: int, key: str, answer: str) -> None:
    """Keep `answer` for a key that this transaction has claimed."""
    await connection.execute(
        update(idempotency_keys)
        .where(idempotency_keys.c.shopper == owner, idempotency_keys.c.key == key)
        .values(answer=answer)
    )

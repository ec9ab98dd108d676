"""What an answer of the shop means: outcome, code, order, spans. Its HTTP contract, as a client reads it."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from scenarios.history import Outcome


class Reply(NamedTuple):
    """What came back for one attempt: status 0, and the reason in `failure`, when nothing did."""

    status: int
    body: bytes = b""
    server_timing: str = ""
    replayed: bool = False
    location: str = ""
    failure: str = ""


_SUCCESS = {("browse", 200): Outcome.BROWSED, ("order", 201): Outcome.BOUGHT, ("order", 202): Outcome.QUEUED}
FAILED = {Outcome.UNKNOWN, Outcome.REJECTED}
"""The outcomes that Locust counts as failures."""

_CODES = {
    (409, "sold_out"): Outcome.SOLD_OUT,
    (409, "conflict"): Outcome.CONFLICT,
    (409, "key_in_progress"): Outcome.CONFLICT,
    (409, "limit_reached"): Outcome.REFUSED,
}


def outcome_of(operation: str, reply: Reply) -> Outcome:
    """How an attempt ended, as its shopper saw it.

    No answer, a server's error and any success that is not in the contract may all have happened: unknown.
    """
    status = reply.status
    if outcome := _SUCCESS.get((operation, status)):
        return outcome
    if not 400 <= status < 500:
        return Outcome.UNKNOWN
    if status == 429:
        return Outcome.REFUSED
    return _CODES.get((status, code_of(reply)), Outcome.REJECTED)


def decision_in(reply: Reply) -> Reply | None:
    """What became of a queued order, as a direct answer would have told it; None while that is not known.

    A 404 decides nothing: who was told 202 has an order in the queue, and may ask a server that lags behind.
    """
    if reply.status == 200:
        return reply._replace(status=201)
    return reply if 400 <= reply.status < 500 and reply.status not in (404, 429) else None


def code_of(reply: Reply) -> str:
    """The problem's `code`, or the reason why no answer came; empty on success."""
    return str(_document(reply).get("code", "")) if reply.status >= 400 else reply.failure


def order_of(reply: Reply) -> tuple[str, int]:
    """Id and total, in won, of an acknowledged order; `("", 0)` when the answer is none."""
    if reply.status not in (201, 202):
        return "", 0
    document = _document(reply)
    return str(document.get("order_id", "")), int(document.get("total_won", 0))


def _document(reply: Reply) -> dict[str, Any]:
    try:
        document = json.loads(reply.body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


_METRIC = re.compile(r"(?:^|,)\s*([^\s,;]+)[^,]*?;\s*dur\s*=\s*\"?(\d+\.?\d*)")


def spans_of(server_timing: str) -> list[tuple[str, float]]:
    """Name and milliseconds of each metric that has a duration, in order (W3C Server Timing)."""
    return [(name, float(ms)) for name, ms in _METRIC.findall(server_timing)]

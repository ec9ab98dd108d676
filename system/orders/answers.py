"""What a shopper is told of an order, as HTTP."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

from starlette.responses import Response

from system.errors import PROBLEM
from system.orders.model import Placed, Queued
from system.stock.intake import Decision

MOST_WAIT_S = 30
_WAIT = re.compile(r"(?:^|,)\s*wait\s*=\s*(?:(\d+)|\"(\d+)\")\s*(?:$|[,;])", re.IGNORECASE)


def response_to(outcome: Placed | Queued) -> Response:
    """201 for an order that was placed, 202 with the place to look for one that is queued."""
    if isinstance(outcome, Queued):
        return queued(outcome.key)
    response = Response(outcome.answer, 201, media_type="application/json")
    if outcome.replayed:
        response.raw_headers.append((b"idempotency-replayed", b"true"))
    return response


def queued(key: str) -> Response:
    """202: the order is accepted, and what becomes of it will be said at `Location`."""
    body = f'{{"state":"queued","key":{json.dumps(key)}}}'
    location = f"/orders/queued/{quote(key, safe='')}"
    return Response(body, 202, {"location": location}, "application/json")


def response_to_decision(decision: Decision) -> Response:
    """200 for an order that was placed, or the refusal that a direct answer would have been."""
    if decision.status == 201:
        return Response(decision.answer, 200, media_type="application/json")
    return Response(decision.answer, decision.status, media_type=PROBLEM)


def wait_s(prefer: str | None) -> int:
    """The seconds that `Prefer: wait=` lets the server take (RFC 7240, section 4.3), at most 30."""
    found = _WAIT.search(prefer or "")
    return min(int(found[1] or found[2]), MOST_WAIT_S) if found else 0

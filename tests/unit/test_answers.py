"""What answers of the shop mean."""

from __future__ import annotations

import json

import pytest

from scenarios.answers import Reply, code_of, decision_in, order_of, outcome_of, spans_of
from scenarios.history import Outcome


def problem(status: int, code: str) -> Reply:
    return Reply(status, json.dumps({"status": status, "code": code}).encode())


@pytest.mark.parametrize(
    ("operation", "reply", "outcome"),
    [
        ("browse", Reply(200), Outcome.BROWSED),
        ("browse", Reply(404), Outcome.REJECTED),
        ("browse", Reply(503), Outcome.UNKNOWN),
        ("order", Reply(201), Outcome.BOUGHT),
        ("order", Reply(202), Outcome.QUEUED),
        ("order", Reply(200), Outcome.UNKNOWN),
        ("order", Reply(302), Outcome.UNKNOWN),
        ("order", problem(409, "sold_out"), Outcome.SOLD_OUT),
        ("order", problem(409, "conflict"), Outcome.CONFLICT),
        ("order", problem(409, "key_in_progress"), Outcome.CONFLICT),
        ("order", problem(409, "limit_reached"), Outcome.REFUSED),
        ("order", problem(409, "something_else"), Outcome.REJECTED),
        ("order", problem(402, "insufficient_funds"), Outcome.REJECTED),
        ("order", problem(422, "key_reused"), Outcome.REJECTED),
        ("order", problem(401, "unauthorised"), Outcome.REJECTED),
        ("order", problem(429, "too_many_requests"), Outcome.REFUSED),
        ("order", Reply(429, b"slow down"), Outcome.REFUSED),
        ("order", problem(500, "internal_error"), Outcome.UNKNOWN),
        ("order", problem(503, "sold_out"), Outcome.UNKNOWN),
        ("order", Reply(409, b"<html>"), Outcome.REJECTED),
        ("order", Reply(0, failure="timeout"), Outcome.UNKNOWN),
    ],
)
def test_an_answer_has_its_outcome(operation: str, reply: Reply, outcome: Outcome) -> None:
    assert outcome_of(operation, reply) == outcome


@pytest.mark.parametrize(
    "undecided",
    [Reply(202), Reply(404), Reply(429), Reply(503), Reply(0, failure="timeout"), Reply(302)],
)
def test_a_queued_order_is_undecided_until_the_shop_says_what_became_of_it(undecided: Reply) -> None:
    assert decision_in(undecided) is None


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(200, b'{"order_id": "abc", "total_won": 7}'), Outcome.BOUGHT),
        (problem(409, "sold_out"), Outcome.SOLD_OUT),
        (problem(409, "limit_reached"), Outcome.REFUSED),
        (problem(402, "insufficient_funds"), Outcome.REJECTED),
    ],
)
def test_a_decision_means_what_a_direct_answer_would_have(reply: Reply, outcome: Outcome) -> None:
    decision = decision_in(reply)
    assert decision
    assert outcome_of("order", decision) == outcome
    assert order_of(decision) == order_of(reply._replace(status=201 if reply.status == 200 else reply.status))


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (problem(409, "sold_out"), "sold_out"),
        (Reply(201, b'{"code": "not a problem"}'), ""),
        (Reply(500, b"Internal Server Error"), ""),
        (Reply(400, b"[1, 2]"), ""),
        (Reply(0, failure="econnreset"), "econnreset"),
    ],
)
def test_the_code_is_that_of_the_problem_or_the_reason_why_there_is_no_answer(
    reply: Reply, code: str
) -> None:
    assert code_of(reply) == code


def test_an_acknowledged_order_has_its_id_and_total() -> None:
    body = b'{"order_id": "abc", "state": "paid", "total_won": 189000, "lines": []}'
    assert order_of(Reply(201, body)) == ("abc", 189_000)
    assert order_of(Reply(202, body)) == ("abc", 189_000)


@pytest.mark.parametrize("reply", [problem(409, "sold_out"), Reply(0), Reply(201, b""), Reply(201, b"[]")])
def test_any_other_answer_has_no_order(reply: Reply) -> None:
    assert order_of(reply) == ("", 0)


@pytest.mark.parametrize(
    ("header", "spans"),
    [
        ("", []),
        ("board;dur=0.012", [("board", 0.012)]),
        ("pool;dur=0.1, place_order;dur=1.6", [("pool", 0.1), ("place_order", 1.6)]),
        ("pool;dur=0,place_order;dur=12", [("pool", 0.0), ("place_order", 12.0)]),
        ("read_stock;dur=1, read_stock;dur=2", [("read_stock", 1.0), ("read_stock", 2.0)]),
        ('cache;desc="Cache Read";dur=23.2', [("cache", 23.2)]),
        ('miss, db;dur="53"', [("db", 53.0)]),
        ("hit ; dur = 4.5", [("hit", 4.5)]),
        ("pool;dur=", []),
    ],
)
def test_spans_are_read_from_server_timing_in_order(header: str, spans: list[tuple[str, float]]) -> None:
    assert spans_of(header) == spans

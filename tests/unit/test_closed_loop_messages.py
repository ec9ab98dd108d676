"""What the closed-loop client writes on the wire, and what it reads from an answer."""

from __future__ import annotations

import json
from itertools import islice

import pytest

from harness.closed_loop import Gets, Orders
from harness.closed_loop.wire import header, messages, spans

HEAD = b"http/1.1 201 created\r\ncontent-length: 12\r\nserver-timing: pool;dur=0.5, place_order;dur=1.5"


def test_a_get_names_its_path_and_host() -> None:
    sent = next(messages(Gets(path="/health/live"), "127.0.0.1:80"))

    assert sent == b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n"


def test_orders_go_round_shoppers_and_skus_with_a_key_of_their_own() -> None:
    orders = Orders(skus=("dunk-270", "dunk-280"), tokens=("a", "b", "c"), label="warm-up", quantity=2)

    sent = [message.decode().partition("\r\n\r\n") for message in islice(messages(orders, "shop"), 6)]

    heads = [head.split("\r\n") for head, _, _ in sent]
    bodies = [json.loads(body) for _, _, body in sent]
    assert [head[3] for head in heads] == [f"Authorization: Bearer {token}" for token in "abcabc"]
    assert [head[4] for head in heads] == [f"Idempotency-Key: warm-up-{number}" for number in range(6)]
    assert [body["lines"] for body in bodies] == [
        [{"sku": sku, "quantity": 2}] for sku in ("dunk-270", "dunk-280") * 3
    ]


def test_an_order_states_the_length_of_its_body() -> None:
    orders = Orders(skus=("dunk-270",), tokens=("token",), label="x")

    head, _, body = next(messages(orders, "shop")).partition(b"\r\n\r\n")

    assert header(head.lower(), b"content-length") == str(len(body)).encode()


@pytest.mark.parametrize(
    ("name", "value"), [(b"content-length", b"12"), (b"timing", b""), (b"retry-after", b"")]
)
def test_a_header_is_found_by_its_whole_name(name: bytes, value: bytes) -> None:
    assert header(HEAD, name) == value


def test_spans_are_counted_each_time_they_occur() -> None:
    found = spans([b"pool;dur=1, read_stock;dur=2, place_order;dur=3", b"pool;dur=3, read_stock;dur=4"])

    assert {name: (span.count, span.mean, span.max) for name, span in found.items()} == {
        "pool": (2, 2.0, 3.0),
        "read_stock": (2, 3.0, 4.0),
        "place_order": (1, 3.0, 3.0),
    }

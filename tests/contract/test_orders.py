"""What the counter says to good orders and bad ones, and that a bad one changes nothing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import jwt
import pytest

from tests.shops import PRICE_WON, TestShop


def test_an_order_is_paid_from_the_wallet_and_taken_from_the_stock(shop: TestShop) -> None:
    answer = shop.order(("dunk-280", 2), ("dunk-270", 1))

    assert answer.status_code == 201
    order = answer.json()
    assert order["state"] == "paid"
    assert order["total_won"] == 3 * PRICE_WON
    assert order["lines"] == [
        {"sku": "dunk-270", "quantity": 1, "price_won": PRICE_WON},
        {"sku": "dunk-280", "quantity": 2, "price_won": PRICE_WON},
    ]
    assert shop.balance() == 1_000_000 - 3 * PRICE_WON
    assert (shop.left("dunk-270"), shop.left("dunk-280")) == (4, 3)
    read = shop.http.get(f"/orders/{order['order_id']}", headers=shop.bearer()).json()
    assert {name: read[name] for name in order} == order


@pytest.mark.parametrize(
    ("lines", "place"),
    [
        ([("dunk-270", 0)], "lines.0.quantity"),
        ([("dunk-270", -1)], "lines.0.quantity"),
        ([("dunk-270", 10**9)], "lines.0.quantity"),
        ([("dunk-270", 1.5)], "lines.0.quantity"),
        ([("dunk-270", 1.0)], "lines.0.quantity"),
        ([("dunk-270", "1")], "lines.0.quantity"),
        ([("dunk-270", None)], "lines.0.quantity"),
        ([("", 1)], "lines.0.sku"),
        ([("dunk-270\x00", 1)], "lines.0.sku"),
        ([], "lines"),
        ([(f"dunk-{n}", 1) for n in range(21)], "lines"),
        ([("dunk-270", 1), ("dunk-270", 1)], "body"),
    ],
)
def test_an_order_of_the_wrong_form_names_the_place_and_changes_nothing(
    shop: TestShop, lines: list[tuple[str, Any]], place: str
) -> None:
    before = shop.books()

    answer = shop.order(*lines)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["detail"].startswith(f"{place}:")
    assert shop.books() == before


@pytest.mark.parametrize("body", [b"", b"{nope", b"[]", b"null", b'{"lines": 1}', b"\xff\xfe", b'{"a":1}'])
def test_a_body_that_is_no_order_is_refused(shop: TestShop, body: bytes) -> None:
    headers = shop.bearer() | {"idempotency-key": "a-key"}

    answer = shop.http.post("/orders", content=body, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_a_body_too_large_for_any_order_is_refused(shop: TestShop) -> None:
    headers = shop.bearer() | {"idempotency-key": "a-key"}

    answer = shop.http.post("/orders", content=b" " * 70_000, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_an_unknown_sku_is_named_and_nothing_of_the_cart_is_taken(shop: TestShop) -> None:
    before = shop.books()

    answer = shop.order(("dunk-270", 1), ("dunk-999", 1))

    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_sku")
    assert "dunk-999" in answer.json()["detail"]
    assert shop.books() == before


def test_a_wallet_that_holds_too_little_keeps_what_it_holds(shop: TestShop) -> None:
    shop.reset(balance_won=PRICE_WON - 1)
    before = shop.books()

    answer = shop.order(("dunk-270", 1))

    assert (answer.status_code, answer.json()["code"]) == (402, "insufficient_funds")
    assert str(PRICE_WON) in answer.json()["detail"]
    assert shop.books() == before


def test_the_same_key_and_body_give_the_same_answer_and_one_order(shop: TestShop) -> None:
    first = shop.order(("dunk-270", 1), key="once")
    again = shop.order(("dunk-270", 1), key="once")

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert len(shop.books().orders) == 1
    assert shop.balance() == 1_000_000 - PRICE_WON


def test_the_same_key_with_another_body_is_refused(shop: TestShop) -> None:
    shop.order(("dunk-270", 1), key="once")

    answer = shop.order(("dunk-270", 2), key="once")

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert len(shop.books().orders) == 1


def test_two_shoppers_may_use_the_same_key(shop: TestShop) -> None:
    answers = [shop.order(("dunk-270", 1), key="mine", shopper=shopper) for shopper in (0, 1)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["order_id"] != answers[1].json()["order_id"]


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("", "idempotency_key_missing"),
        ("x" * 256, "idempotency_key_invalid"),
        ("caf\xe9", "idempotency_key_invalid"),
        ("tab\there", "idempotency_key_invalid"),
    ],
)
def test_a_key_that_cannot_be_used_is_refused(shop: TestShop, key: str, code: str) -> None:
    headers = [(b"authorization", shop.bearer()["authorization"].encode())]
    headers.append((b"idempotency-key", key.encode("latin-1")))
    body = {"lines": [{"sku": "dunk-270", "quantity": 1}]}

    answer = shop.http.post("/orders", json=body, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert shop.books().orders == ()


def test_a_request_without_a_key_is_told_to_send_one(shop: TestShop) -> None:
    answer = shop.http.post("/orders", json={"lines": []}, headers=shop.bearer())

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")


FORGED = jwt.encode({"sub": "0", "exp": 2**33}, "not the secret of this shop, but as long", "HS256")
UNSIGNED = jwt.encode({"sub": "0", "exp": 2**33}, None, "none")


@pytest.mark.parametrize("token", ["x", "a.b.c", FORGED, UNSIGNED])
@pytest.mark.parametrize(("method", "path"), [("POST", "/orders"), ("GET", "/orders"), ("GET", "/wallet")])
def test_a_broken_token_opens_nothing(shop: TestShop, token: str, method: str, path: str) -> None:
    answer = shop.http.request(method, path, headers={"authorization": f"Bearer {token}"})

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


def test_anothers_order_looks_as_if_it_did_not_exist(shop: TestShop) -> None:
    order_id = shop.order(("dunk-270", 1), shopper=0).json()["order_id"]

    theirs = shop.http.get(f"/orders/{order_id}", headers=shop.bearer(1))
    nobodys = shop.http.get(f"/orders/{UUID(int=0)}", headers=shop.bearer(1))

    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.json()["code"] == nobodys.json()["code"] == "not_found"


def test_an_order_by_a_shopper_without_a_wallet_is_refused(shop: TestShop) -> None:
    answer = shop.order(("dunk-270", 1), shopper=9_999)

    assert answer.json()["code"] == "insufficient_funds"

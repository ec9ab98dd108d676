"""The rest of the shop: catalogue, operator, health."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.shops import PRICE_WON, ShopOf, TestShop


def test_the_catalogue_shows_every_size_with_what_is_left(shop: TestShop) -> None:
    shop.order(("dunk-270", 2))

    product = shop.http.get("/products/dunk").json()

    assert product == {
        "id": "dunk",
        "name": "Dunk Low",
        "price_won": PRICE_WON,
        "sizes": [
            {"sku": "dunk-270", "size": "270", "available": 3},
            {"sku": "dunk-280", "size": "280", "available": 5},
        ],
    }
    assert shop.http.get("/products").json() == [product]


def test_a_product_that_is_not_there_is_named(shop: TestShop) -> None:
    answer = shop.http.get("/products/yeezy")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "'yeezy'" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/admin/reset", "/admin/restock", "/admin/tokens", "/admin/withdraw"])
@pytest.mark.parametrize("key", [None, "", "x" * 40, "key\xfc"])
def test_nobody_passes_for_the_operator(shop: TestShop, path: str, key: str | None) -> None:
    headers = [] if key is None else [(b"x-admin-key", key.encode("latin-1"))]

    answer = shop.http.post(path, json={}, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    "sizes",
    [[], [{"size": "270", "units": 0}], [{"size": "270", "units": -1}], [{"size": "", "units": 1}]],
)
def test_a_seed_that_makes_no_sense_leaves_the_shop_as_it_was(
    shop: TestShop, sizes: list[dict[str, object]]
) -> None:
    product = {"id": "new", "name": "New", "price_won": 1, "sizes": sizes}

    answer = shop.admin("/admin/reset", {"products": [product], "shoppers": 1, "balance_won": 0})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert [product["id"] for product in shop.http.get("/products").json()] == ["dunk"]


def test_two_products_of_one_name_in_a_seed_leave_the_shop_as_it_was(shop: TestShop) -> None:
    product = {"id": "new", "name": "New", "price_won": 1, "sizes": [{"size": "1", "units": 1}]}

    answer = shop.admin("/admin/reset", {"products": [product] * 2, "shoppers": 1, "balance_won": 0})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert "'new'" in answer.json()["detail"]
    assert [product["id"] for product in shop.http.get("/products").json()] == ["dunk"]


def test_a_restock_of_what_is_not_sold_is_refused(shop: TestShop) -> None:
    answer = shop.restock("yeezy-1", 1)

    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_sku")


@pytest.mark.parametrize("path", ["/products/a%00b", "/orders/queued/a%00b", "/orders/%00", "/%00"])
@pytest.mark.parametrize("strategy", ["conditional_update", "single_writer"])
def test_nothing_has_a_null_character_in_its_name(shop_of: ShopOf, strategy: str, path: str) -> None:
    shop = shop_of(strategy)

    answer = shop.http.get(path, headers=shop.bearer())

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/admin/restock", {"sku": "a\x00b", "units": 1}, "sku"),
        ("/admin/withdraw", {"product": "a\x00b", "first_shopper": 1}, "product"),
    ],
)
def test_text_that_cannot_be_stored_is_refused_by_its_field(
    shop: TestShop, path: str, body: dict[str, object], field: str
) -> None:
    answer = shop.admin(path, body)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert field in answer.json()["detail"]


def test_a_products_name_with_a_null_character_leaves_the_shop_as_it_was(shop: TestShop) -> None:
    product = {"id": "new", "name": "N\x00w", "price_won": 1, "sizes": [{"size": "1", "units": 1}]}

    answer = shop.admin("/admin/reset", {"products": [product], "shoppers": 1, "balance_won": 0})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert [product["id"] for product in shop.http.get("/products").json()] == ["dunk"]


def test_a_look_up_that_names_nothing_leaves_those_beside_it_their_answers(shop_of: ShopOf) -> None:
    shop = shop_of("single_writer")
    bearer = shop.bearer()
    for number in range(20):
        shop.buy(("dunk-270", 1), shopper=0, key=f"key-{number}")
    paths = [f"/orders/queued/key-{number}" for number in range(5)] + ["/orders/queued/a%00b"]

    with ThreadPoolExecutor(30) as at_once:
        answers = list(at_once.map(lambda path: shop.http.get(path, headers=bearer).status_code, paths * 5))

    assert answers == ([200] * 5 + [404]) * 5


def test_readiness_tells_how_the_shop_is_set_up(shop: TestShop) -> None:
    assert shop.http.get("/health/live").json() == {"status": "live"}
    assert shop.http.get("/health/ready").json() == {
        "status": "ready",
        "strategy": "conditional_update",
        "workers": 1,
        "pool_size": 5,
    }


def test_a_charge_that_meets_an_order_of_its_shopper_waits_for_it_and_is_made(shop_of: ShopOf) -> None:
    shop = shop_of("snapshot")
    headers = shop.bearer() | {"idempotency-key": "a-key"}
    with shop.database() as ask, ThreadPoolExecutor(1) as other:
        ask("BEGIN")
        ask("UPDATE wallets SET balance_won = balance_won - 1 WHERE shopper = 0")
        charge = other.submit(shop.http.post, "/wallet/charges", json={"amount_won": 1_000}, headers=headers)
        shop.until(
            "SELECT count(*) > 0 FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        ask("COMMIT")

    assert charge.result().status_code == 201
    assert shop.balance() == 1_000_000 - 1 + 1_000

"""The rest of the shop: catalogue, operator, health, start-up, and what it says when its servers are gone."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.servers import open_servers
from tests.integration.conftest import ShopOf
from tests.integration.shops import PRICE_WON, TestShop, refusal_of, shop_with


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
    answer = shop.admin("/admin/restock", {"sku": "yeezy-1", "units": 1})

    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_sku")


def test_readiness_tells_how_the_shop_is_set_up(shop: TestShop) -> None:
    assert shop.http.get("/health/live").json() == {"status": "live"}
    assert shop.http.get("/health/ready").json() == {
        "status": "ready",
        "strategy": "conditional_update",
        "workers": 1,
        "pool_size": 5,
    }


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"DROPDAY_STRATEGY": "pesimistic_lock"}, "did you mean 'pessimistic_lock'"),
        ({"DROPDAY_POOL_SIZE": "0"}, "DROPDAY_POOL_SIZE is '0'"),
        (
            {"DROPDAY_HOLD_TTL_MS": "0"},
            "DROPDAY_HOLD_TTL_MS is '0': Input should be greater than or equal to 1",
        ),
        ({"DROPDAY_ADMIN_KEY": "short"}, "DROPDAY_ADMIN_KEY"),
        ({"DROPDAY_ENVIRONMENT": "production"}, "DROPDAY_JWT_SECRET is not set"),
        ({"DROPDAY_ENVIRONMENT": "production"}, "DROPDAY_ADMIN_KEY is not set"),
    ],
)
def test_a_wrong_setting_stops_the_start_and_is_named(changed: dict[str, str], named: str) -> None:
    assert named in refusal_of("serve", changed)


def test_a_charge_that_meets_an_order_of_its_shopper_is_told_of_a_conflict(shop_of: ShopOf) -> None:
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

    assert (charge.result().status_code, charge.result().json()["code"]) == (409, "conflict")
    assert shop.balance() == 1_000_000 - 1


def test_a_shop_whose_database_is_gone_says_so_and_stays_alive(tmp_path: Path) -> None:
    with (
        open_servers("embedded") as endpoints,
        shop_with("conditional_update", endpoints, tmp_path / "shop.log") as shop,
    ):
        shop.reset()
        headers = shop.bearer() | {"idempotency-key": "a-key"}
        assert endpoints.postgres_pid is not None
        os.kill(endpoints.postgres_pid, signal.SIGKILL)
        while shop.http.get("/health/ready").status_code == 200:
            pass

        body = {"lines": [{"sku": "dunk-270", "quantity": 1}]}
        answers = [shop.http.post("/orders", json=body, headers=headers) for _ in range(3)]

        assert {answer.status_code for answer in answers} == {503}
        assert {answer.json()["code"] for answer in answers} == {"unavailable"}
        assert shop.http.get("/health/live").status_code == 200

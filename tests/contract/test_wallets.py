"""Charging a wallet, and the ledger that explains its balance."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from reports.evidence import Evidence
from reports.invariants import money_is_conserved
from scenarios import history
from scenarios.record import Record
from tests.shops import PRICE_WON, ShopOf, TestShop
from tests.shops.crowds import Stock
from tests.unit.shop_runs import conditions


def test_a_charge_of_the_least_amount_is_added_and_written_down(shop: TestShop) -> None:
    answer = shop.charge(1_000)

    assert answer.status_code == 201
    assert answer.json() == {"shopper": 0, "balance_won": 1_001_000}
    ledger = shop.http.get("/wallet/ledger", headers=shop.bearer()).json()
    assert [(entry["amount_won"], entry["kind"]) for entry in ledger] == [(1_000, "charge")]


@pytest.mark.parametrize("amount_won", [999, 0, -1_000, 10**9 + 1, 1_000.5, "1000", None])
def test_a_charge_that_is_none_changes_nothing(shop: TestShop, amount_won: Any) -> None:
    answer = shop.charge(amount_won)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert "amount_won" in answer.json()["detail"]
    assert repr(amount_won) in answer.json()["detail"]
    assert shop.balance() == 1_000_000


def test_a_charge_sent_twice_counts_once(shop: TestShop) -> None:
    answers = [shop.charge(5_000, key="once") for _ in range(2)]

    assert answers[0].content == answers[1].content
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert shop.balance() == 1_005_000


@pytest.mark.parametrize("strategy", ["snapshot", "serializable", "conditional_update"])
def test_charges_of_one_wallet_at_once_are_all_made_whatever_the_orders_isolation(
    shop_of: ShopOf, strategy: str
) -> None:
    shop = shop_of(strategy)
    bearer = shop.bearer()

    def send(number: int) -> int:
        headers = bearer | {"idempotency-key": f"charge-{number}"}
        return shop.http.post("/wallet/charges", json={"amount_won": 1_000}, headers=headers).status_code

    with ThreadPoolExecutor(50) as at_once:
        answers = list(at_once.map(send, range(50)))

    assert answers == [201] * 50
    assert shop.balance() == 1_050_000


def test_a_charges_key_cannot_be_used_for_another_amount_or_for_an_order(shop: TestShop) -> None:
    shop.charge(5_000, key="once")

    assert shop.charge(6_000, key="once").json()["code"] == "idempotency_key_reused"
    assert shop.order(("dunk-270", 1), key="once").json()["code"] == "idempotency_key_reused"
    assert shop.balance() == 1_005_000


def test_a_shopper_without_a_wallet_gets_one_with_the_first_charge(shop: TestShop) -> None:
    assert shop.balance(shopper=777) == 0

    shop.charge(PRICE_WON, shopper=777)

    assert shop.order(("dunk-270", 1), shopper=777).status_code == 201
    assert shop.balance(shopper=777) == 0


def test_the_audit_knows_charges(shop: TestShop) -> None:
    shop.charge(5_000)
    shop.order(("dunk-270", 1))
    shop.charge(1_000, key="a stranger's first", shopper=777)

    books = shop.books()
    mine, strangers = books.wallets.shopper.index(0), books.wallets.shopper.index(777)

    assert books.wallets.charged_won[mine] == 5_000
    assert books.wallets.charged_won[strangers] == books.wallets.ledger_won[strangers] == 1_000
    evidence = Evidence(Record(history.frame([]), books, conditions(offered=0)))
    assert money_is_conserved(evidence, Stock({"270": 5, "280": 5}, shoppers=20).scenario) == []


def test_every_balance_is_its_opening_plus_its_ledger(shop: TestShop) -> None:
    shop.charge(5_000)
    shop.order(("dunk-270", 1))

    wallets = shop.books().wallets
    mine = wallets.shopper.index(0)

    assert wallets.opening_won[mine] + wallets.ledger_won[mine] == wallets.balance_won[mine]
    assert wallets.balance_won[mine] == 1_005_000 - PRICE_WON

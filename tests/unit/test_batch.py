"""A batch is decided as if its orders had come one by one, to a shop that knows no batches."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from system.errors import ShopError
from system.orders.batch import Accepted, Known, Sku, decide
from system.orders.model import Cart, Line, Order, Placed

SKUS = ("a", "b", "c")
PRICES = {"a": 1, "b": 10, "c": 100}


@dataclass
class NaiveShop:
    """One order at a time, in the fewest words: what the rules are."""

    stock: dict[str, int]
    money: dict[int, int]
    limits: dict[str, int | None]
    orders: dict[tuple[int, str], Order] = field(default_factory=dict)

    def place(self, order: Order) -> str:
        lines = dict(zip(order.skus, order.quantities, strict=True))
        before = self.orders.get((order.shopper, order.key))
        if before:
            return "kept" if before.fingerprint == order.fingerprint else "idempotency_key_reused"
        if not set(lines) <= set(self.stock):
            return "unknown_sku"
        if any(self.has(order.shopper, sku) + n > (self.limits[sku] or 10**9) for sku, n in lines.items()):
            return "limit_reached"
        cost = sum(PRICES[sku] * n for sku, n in lines.items())
        if self.money.get(order.shopper, 0) < cost:
            return "insufficient_funds"
        if any(self.stock[sku] < n for sku, n in lines.items()):
            return "sold_out"
        for sku, n in lines.items():
            self.stock[sku] -= n
        self.money[order.shopper] -= cost
        self.orders[order.shopper, order.key] = order
        return "placed"

    def has(self, shopper: int, sku: str) -> int:
        mine = (order for order in self.orders.values() if order.shopper == shopper)
        return sum(dict(zip(order.skus, order.quantities, strict=True)).get(sku, 0) for order in mine)


@st.composite
def orders(draw: st.DrawFn) -> Order:
    lines = draw(st.lists(
        st.builds(Line, sku=st.sampled_from((*SKUS, *SKUS, *SKUS, "x")), quantity=st.integers(1, 3)),
        min_size=1, max_size=3, unique_by=lambda line: line.sku,
    ))  # fmt: skip
    return Order.of(draw(st.integers(0, 3)), draw(st.sampled_from("pqrs")), Cart(lines=lines))


shops = st.builds(
    NaiveShop,
    stock=st.fixed_dictionaries({sku: st.integers(0, 6) for sku in SKUS}),
    money=st.dictionaries(st.integers(0, 3), st.integers(0, 500)),
    limits=st.fixed_dictionaries({sku: st.none() | st.integers(1, 4) for sku in SKUS}),
)
batches = st.lists(st.lists(orders(), max_size=12), min_size=1, max_size=4)


def known_to(shop: NaiveShop, batch: list[Order], kept: dict[tuple[int, str], str], first_id: int) -> Known:
    """What the database would say before a batch."""
    return Known(
        order_ids=[UUID(int=first_id + n) for n in range(len(batch))],
        claimed=[True] * len(batch),
        kept={at: (order.fingerprint, kept[at]) for at, order in shop.orders.items()},
        balances_won=dict(shop.money),
        skus={sku: Sku(left, PRICES[sku], shop.limits[sku]) for sku, left in shop.stock.items()},
        bought={(sku, n): shop.has(n, sku) for sku in SKUS for n in range(4) if shop.has(n, sku)},
    )


def said(result: Placed | ShopError) -> str:
    if isinstance(result, Placed):
        return "kept" if result.replayed else "placed"
    return result.code


@given(shops, batches)
def test_batches_decide_as_a_shop_that_serves_one_by_one(shop: NaiveShop, batches: list[list[Order]]) -> None:
    answers: dict[tuple[int, str], str] = {}
    for number, batch in enumerate(batches):
        known = known_to(shop, batch, answers, first_id=number * 1_000)

        decided, accepted = decide(batch, known)

        assert [said(result) for result in decided] == [shop.place(order) for order in batch]
        for order, result in zip(batch, decided, strict=True):
            if isinstance(result, Placed):
                assert answers.setdefault((order.shopper, order.key), result.answer) == result.answer
        assert {sku: facts.available for sku, facts in known.skus.items()} == shop.stock
        assert {n: won for n, won in known.balances_won.items() if n in shop.money} == shop.money
        assert len(accepted.order_ids) == sum(said(result) == "placed" for result in decided)


@given(shops, st.lists(orders(), max_size=30))
def test_a_batch_sells_no_unit_twice_and_no_shopper_into_debt(shop: NaiveShop, batch: list[Order]) -> None:
    _, accepted = decide(batch, known_to(shop, batch, {}, first_id=0))

    sold = Counter[str]()
    each = Counter[tuple[int, str]]()
    for sku, shopper, n in zip(
        accepted.line_skus, accepted.line_shoppers, accepted.line_quantities, strict=True
    ):
        sold[sku] += n
        each[shopper, sku] += n
    spent = Counter[int]()
    for shopper, total in zip(accepted.shoppers, accepted.totals_won, strict=True):
        spent[shopper] += total
    assert all(sold[sku] <= shop.stock[sku] for sku in sold)
    assert all(spent[shopper] <= shop.money[shopper] for shopper in spent)
    assert all(n <= (shop.limits[sku] or n) for (_, sku), n in each.items())
    assert len(set(zip(accepted.shoppers, accepted.keys, strict=True))) == len(accepted.keys)


@given(shops, st.lists(orders(), max_size=20))
def test_what_is_written_is_what_was_answered(shop: NaiveShop, batch: list[Order]) -> None:
    decided, accepted = decide(batch, known_to(shop, batch, {}, first_id=0))

    new = [
        json.loads(result.answer)
        for result in decided
        if said(result) == "placed" and isinstance(result, Placed)
    ]
    lines: defaultdict[str, list[dict[str, object]]] = defaultdict(list)
    for order_id, sku, n, price in zip(
        accepted.line_order_ids, accepted.line_skus, accepted.line_quantities, accepted.line_prices_won,
        strict=True,
    ):  # fmt: skip
        lines[str(order_id)].append({"sku": sku, "quantity": n, "price_won": price})
    assert [answer["order_id"] for answer in new] == [str(order_id) for order_id in accepted.order_ids]
    assert [answer["total_won"] for answer in new] == accepted.totals_won
    assert all(answer["lines"] == lines[answer["order_id"]] for answer in new)
    assert [json.loads(answer) for answer in accepted.answers] == new


def test_a_key_that_somebody_else_works_on_is_not_touched() -> None:
    order = Order.of(1, "p", Cart(lines=[Line(sku="a", quantity=1)]))
    shop = NaiveShop({"a": 1, "b": 1, "c": 1}, {1: 100}, dict.fromkeys(SKUS))
    known = known_to(shop, [order], {}, first_id=0)
    known.claimed = [False]

    [refusal], accepted = decide([order], known)

    assert said(refusal) == "key_in_progress"
    assert accepted == Accepted()

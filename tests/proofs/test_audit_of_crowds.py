"""Whatever a correct shop does in a crowd passes, and one that oversells is caught."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reports.audit import audit
from scenarios.history import Outcome
from tests.unit.shop_runs import SCENARIO, UNITS, Request, broken, play, rush, with_row


def test_a_key_refused_without_effect_may_buy_later() -> None:
    refused_then_bought = [
        Request(1, {"shoe-270": 1}, 0.0, 0.01, 0.02, turned_away=Outcome.CONFLICT),
        Request(1, {"shoe-270": 1}, 0.1, 0.11, 0.12, attempt=1),
    ]
    assert audit(play(refused_then_bought), SCENARIO).violations == ()


def test_sold_out_may_be_said_while_a_failing_order_holds_the_last_unit() -> None:
    holding = [
        Request(1, {"shoe-280": 2}, 0.00, 0.09, 0.10, turned_away=Outcome.REJECTED),
        Request(2, {"shoe-280": 1}, 0.05, 0.06, 0.07, turned_away=Outcome.SOLD_OUT),
    ]
    assert audit(play(holding), SCENARIO).violations == ()
    released = [holding[0], Request(2, {"shoe-280": 1}, 0.11, 0.12, 0.13, turned_away=Outcome.SOLD_OUT)]
    assert broken(audit(play(released), SCENARIO)) == {(2, "sold out was said too early")}


def test_sold_out_may_be_said_before_a_restock() -> None:
    run = with_row(play(rush()), "stock", 0, restocked=5, available=5, redis_available=5)
    assert audit(run, SCENARIO).violations == ()


carts = st.sampled_from([{"shoe-270": 1}, {"shoe-280": 1}, {"shoe-270": 2}, {"shoe-280": 1, "shoe-270": 1}])
moments = st.integers(0, 40).map(lambda ticks: ticks / 100)
ends = st.sampled_from([None, None, None, Outcome.CONFLICT, Outcome.REJECTED])


@st.composite
def crowds(draw: st.DrawFn) -> list[Request]:
    """Shoppers who each try once or twice with one key, in any interleaving, some of whom hear nothing."""
    crowd = []
    for shopper in range(draw(st.integers(0, 12))):
        cart, at_s = draw(carts), draw(moments)
        for attempt in range(draw(st.integers(1, 2))):
            served_s = at_s + draw(moments)
            done_s = served_s + draw(moments)
            lost, end = draw(st.booleans()), draw(ends)
            crowd.append(Request(shopper, cart, at_s, served_s, done_s, attempt, lost, end))
            at_s = done_s + 0.01
    return crowd


@given(crowds())
def test_no_interleaving_of_a_correct_shop_is_called_broken(crowd: list[Request]) -> None:
    assert audit(play(crowd), SCENARIO).violations == ()


@given(crowds())
def test_an_unguarded_shop_is_caught_exactly_when_it_oversold(crowd: list[Request]) -> None:
    run = play(crowd, guarded=False)
    lines = [line for order in run.books.orders for line in order.lines]
    sold = {sku: sum(line.quantity for line in lines if line.sku == sku) for sku in UNITS}
    oversold = any(sold[sku] > units for sku, units in UNITS.items())
    assert ((1, "more units were sold than there were") in broken(audit(run, SCENARIO))) == oversold

"""What shoppers and bots do after each answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from scenarios.arrivals import generate
from scenarios.history import Outcome
from scenarios.journey import Journeys, Step
from scenarios.scenario import Scenario

SIZES = 4


def journeys(*, seed: int = 7, bots: float = 0, retry: dict[str, Any] | None = None, **more: Any) -> Journeys:
    """The journeys of exactly 200 arrivals, all bots or none."""
    sizes = [{"size": str(index), "units": 1, "popularity": 1 + index} for index in range(SIZES)]
    scenario = Scenario.model_validate(
        {
            "name": "test",
            "summary": "A test.",
            "arrivals": {"shape": "replay", "file": "x.csv", "counts": [200]},
            "products": [{"id": "shoe", "name": "Shoe", "price_won": 1000, "sizes": sizes}],
            "shoppers": {"bots": {"share": bots, "sizes_tried": 3}, "retry": retry or {}},
        }
        | more
    )
    return Journeys(scenario, generate(scenario, seed))


def first(of: Journeys, arrival: int = 0) -> Step:
    step = of.first(arrival)
    assert step
    return step


def after(of: Journeys, step: Step, outcome: Outcome) -> Step:
    following = of.after(step, outcome)
    assert following
    return following


def test_a_shopper_begins_at_once_with_the_first_operation() -> None:
    step = first(journeys(journey=["browse", "order"]), arrival=5)
    assert (step.arrival, step.operation, step.attempt, step.delay_s, step.key) == (5, "browse", 0, 0.0, "")


def test_the_order_follows_the_page_at_once() -> None:
    of = journeys(journey=["browse", "order"])
    step = after(of, first(of, 5), Outcome.BROWSED)
    assert (step.operation, step.key, step.attempt, step.delay_s) == ("order", "7-5-0", 0, 0.0)


def test_the_page_and_the_order_are_of_the_same_cart() -> None:
    of = journeys(journey=["browse", "order"], cart={"lines": [0, 1], "quantity": 2})
    page = first(of)
    order = after(of, page, Outcome.BROWSED)
    assert page.cart == order.cart
    assert [quantity for _, quantity in order.cart] == [2, 2]


@pytest.mark.parametrize("outcome", [Outcome.BOUGHT, Outcome.QUEUED])
def test_a_journey_ends_with_its_last_operation(outcome: Outcome) -> None:
    of = journeys()
    assert of.after(first(of), outcome) is None


def test_two_orders_of_a_journey_have_keys_of_their_own() -> None:
    of = journeys(journey=["order", "order"])
    second = after(of, first(of, 3), Outcome.BOUGHT)
    assert (second.key, second.attempt) == ("7-3-1", 0)
    assert of.after(second, Outcome.BOUGHT) is None


def test_the_key_of_a_later_order_does_not_count_pages() -> None:
    of = journeys(journey=["order", "browse", "order"])
    page = after(of, first(of, 3), Outcome.BOUGHT)
    assert after(of, page, Outcome.BROWSED).key == "7-3-1"


@pytest.mark.parametrize("outcome", [Outcome.SOLD_OUT, Outcome.REFUSED, Outcome.REJECTED])
def test_a_shopper_who_is_turned_away_leaves(outcome: Outcome) -> None:
    of = journeys(journey=["order", "order"])
    assert of.after(first(of), outcome) is None


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.CONFLICT])
def test_an_order_without_a_clear_answer_is_sent_again_with_the_same_key(outcome: Outcome) -> None:
    of = journeys(retry={"attempts": 3, "backoff_s": 0.2, "jitter": 0})
    begin = first(of)
    again = after(of, begin, outcome)
    assert (again.key, again.cart, again.attempt, again.delay_s) == (begin.key, begin.cart, 1, 0.2)


def test_a_page_without_an_answer_is_asked_for_again() -> None:
    of = journeys(journey=["browse", "order"])
    again = after(of, first(of), Outcome.UNKNOWN)
    assert (again.operation, again.attempt, again.key) == ("browse", 1, "")


def test_the_backoff_doubles_up_to_its_bound_and_ends_with_the_attempts() -> None:
    of = journeys(retry={"attempts": 6, "backoff_s": 0.5, "max_backoff_s": 3, "jitter": 0})
    step, delays = first(of), []
    while following := of.after(step, Outcome.CONFLICT):
        step = following
        delays.append(step.delay_s)
    assert delays == [0.5, 1, 2, 3, 3]
    assert step.attempt == 5


def test_one_attempt_means_no_retry() -> None:
    of = journeys(retry={"attempts": 1})
    assert of.after(first(of), Outcome.UNKNOWN) is None


def test_a_retry_that_succeeds_goes_on_with_the_journey() -> None:
    of = journeys(journey=["browse", "order"])
    again = after(of, first(of), Outcome.UNKNOWN)
    order = after(of, again, Outcome.BROWSED)
    assert (order.operation, order.attempt) == ("order", 0)


def test_the_jitter_is_uniform_around_the_backoff() -> None:
    of = journeys(retry={"backoff_s": 1, "jitter": 0.5})
    delays = [after(of, first(of, arrival), Outcome.UNKNOWN).delay_s for arrival in range(200)]
    assert stats.kstest(delays, stats.uniform(0.5, 1).cdf).pvalue > 1e-6


def test_every_retry_has_a_jitter_of_its_own() -> None:
    of = journeys(
        journey=["browse", "order"], retry={"attempts": 3, "backoff_s": 1, "max_backoff_s": 1, "jitter": 0.5}
    )
    page = after(of, first(of), Outcome.UNKNOWN)
    order = after(of, after(of, first(of), Outcome.BROWSED), Outcome.UNKNOWN)
    later = after(of, order, Outcome.UNKNOWN)
    assert len({page.delay_s, order.delay_s, later.delay_s}) == 3


def test_bots_skip_the_page() -> None:
    of = journeys(journey=["browse", "order"], bots=1)
    assert (first(of).operation, first(of).key) == ("order", "7-0-0")


def test_a_bot_tries_other_sizes_at_once_each_with_a_new_key() -> None:
    of = journeys(bots=1)
    begin = first(of, 4)
    second = after(of, begin, Outcome.SOLD_OUT)
    third = after(of, second, Outcome.SOLD_OUT)
    assert of.after(third, Outcome.SOLD_OUT) is None
    assert [step.key for step in (begin, second, third)] == ["7-4-0", "7-4-1", "7-4-2"]
    assert {step.delay_s for step in (second, third)} == {0.0}
    assert len({step.cart for step in (begin, second, third)}) == 3


def test_a_bot_stops_when_no_size_is_left_to_try() -> None:
    of = journeys(bots=1, cart={"lines": [0, 0, 1]})
    last = after(of, first(of), Outcome.SOLD_OUT)
    assert len(last.cart) == 1
    assert of.after(last, Outcome.SOLD_OUT) is None


def test_a_bot_sends_another_size_again_when_it_had_no_answer() -> None:
    of = journeys(bots=1)
    second = after(of, first(of), Outcome.SOLD_OUT)
    again = after(of, second, Outcome.UNKNOWN)
    assert (again.key, again.cart, again.attempt) == (second.key, second.cart, 1)
    third = after(of, again, Outcome.SOLD_OUT)
    assert (third.attempt, third.key) == (0, "7-0-2")


def test_a_bot_that_has_bought_goes_on_with_the_journey() -> None:
    of = journeys(bots=1, journey=["order", "order"])
    second_size = after(of, first(of), Outcome.SOLD_OUT)
    next_order = after(of, second_size, Outcome.BOUGHT)
    assert next_order.key == "7-0-2"
    assert next_order.cart == first(of).cart


def test_bots_prefer_popular_sizes_next() -> None:
    of = journeys(bots=1)
    seen = np.zeros(SIZES)
    expected = np.zeros(SIZES)
    for arrival in range(200):
        begin = first(of, arrival)
        wanted = begin.cart[0][0]
        seen[after(of, begin, Outcome.SOLD_OUT).cart[0][0]] += 1
        weights = np.arange(1.0, SIZES + 1)
        weights[wanted] = 0
        expected += weights / weights.sum()
    assert stats.chisquare(seen, expected).pvalue > 1e-6


def test_a_shopper_whose_size_is_sold_out_does_not_try_another() -> None:
    of = journeys(bots=0)
    assert of.after(first(of), Outcome.SOLD_OUT) is None


@given(
    outcomes=st.lists(st.sampled_from(list(Outcome)), max_size=60),
    seed=st.integers(0, 2**64 - 1),
    bots=st.sampled_from([0, 1]),
    arrival=st.integers(0, 199),
)
def test_any_answers_lead_to_an_end_and_the_same_answers_to_the_same_end(
    outcomes: list[Outcome], seed: int, bots: int, arrival: int
) -> None:
    def walk() -> list[Step]:
        of = journeys(seed=seed, bots=bots, journey=["browse", "order"])
        step, steps = of.first(arrival), []
        for outcome in outcomes:
            if step is None:
                break
            steps.append(step)
            step = of.after(step, outcome)
        return steps

    steps = walk()
    assert walk() == steps
    assert len(steps) <= 4 * 3  # a page and three sizes, three attempts each
    sent = [(step.operation, step.key, step.attempt) for step in steps]
    assert len(set(sent)) == len(sent)

"""The journey of a shopper: what they do first, and what they do after each answer. Pure rules, no clock.

Locust and the model both ask here, so that both send the same requests after the same answers:

    journeys = Journeys(scenario, arrivals)
    step = journeys.first(arrival)
    while step:
        ...wait `step.delay_s`, send `step.operation`, see its outcome...
        step = journeys.after(step, outcome)
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from scenarios.arrivals import Arrivals, Cart, chance
from scenarios.history import Outcome
from scenarios.scenario import Scenario

# what a keyed random number is for; part of its key
RETRY_JITTER = 1
NEXT_SIZE = 2


class Step(NamedTuple):
    """One attempt to be made `delay_s` after the answer to the one before (the first: at the arrival).

    `attempt` counts from 0 the sendings of one request: of one page, or of one order with one key.
    """

    arrival: int
    operation: Literal["browse", "order"]
    cart: Cart
    key: str  # the idempotency key; empty for browse
    attempt: int
    delay_s: float
    position: int  # which operation of the scenario's journey this is
    order_number: int  # orders of this journey before this one, each with a key of its own
    sizes_tried: int  # sizes that a bot has found sold out in this operation


class Journeys:
    """The journeys of a whole crowd; it keeps no state, all of a journey is in its latest step."""

    def __init__(self, scenario: Scenario, arrivals: Arrivals) -> None:
        self._seed = arrivals.seed
        self._carts = arrivals.carts
        self._bot = arrivals.bot.tolist()
        self._operations = scenario.journey
        self._quantity = scenario.cart.quantity
        self._retry = scenario.shoppers.retry
        self._most_sizes = scenario.shoppers.bots.sizes_tried
        self._popularity = [sku.popularity for sku in scenario.skus]

    def first(self, arrival: int) -> Step | None:
        """What an arrival does first; None when the scenario's journey has nothing for it."""
        return self._operation_from(0, arrival, order_number=0)

    def after(self, step: Step, outcome: Outcome) -> Step | None:
        """What follows `step`, or None when the shopper has all they came for, or gives up."""
        match outcome:
            case Outcome.BROWSED | Outcome.BOUGHT | Outcome.QUEUED:
                orders = step.order_number + (step.operation == "order")
                return self._operation_from(step.position + 1, step.arrival, orders)
            case Outcome.UNKNOWN | Outcome.CONFLICT:
                return self._the_same_again(step)
            case Outcome.SOLD_OUT:
                return self._another_size(step)
            case Outcome.REFUSED | Outcome.REJECTED:
                return None

    def _operation_from(self, position: int, arrival: int, order_number: int) -> Step | None:
        """The operation at this position of the journey, or the next one that this shopper takes part in."""
        bot = self._bot[arrival]
        for place, operation in enumerate(self._operations[position:], start=position):
            if operation == "order" or not bot:
                return Step(
                    arrival=arrival,
                    operation=operation,
                    cart=self._carts[arrival],
                    key=self._key(arrival, order_number) if operation == "order" else "",
                    attempt=0,
                    delay_s=0.0,
                    position=place,
                    order_number=order_number,
                    sizes_tried=0,
                )
        return None

    def _key(self, arrival: int, order_number: int) -> str:
        return f"{self._seed}-{arrival}-{order_number}"

    def _the_same_again(self, step: Step) -> Step | None:
        """The same request with the same key, after a jittered backoff that doubles up to a bound."""
        if step.attempt + 1 >= self._retry.attempts:
            return None
        backoff_s = min(self._retry.backoff_s * 2.0**step.attempt, self._retry.max_backoff_s)
        draw = chance(self._seed, step.arrival, RETRY_JITTER, step.position, step.order_number, step.attempt)
        jittered_s = backoff_s * (1 + self._retry.jitter * (2 * draw - 1))
        return step._replace(attempt=step.attempt + 1, delay_s=jittered_s)

    def _another_size(self, step: Step) -> Step | None:
        """A bot's next order: one SKU that it has not tried yet, at once."""
        tried = step.sizes_tried + 1
        if not self._bot[step.arrival] or tried >= self._most_sizes:
            return None
        others = self._other_skus(step.arrival)
        if tried > len(others):
            return None
        return step._replace(
            cart=((others[tried - 1], self._quantity),),
            key=self._key(step.arrival, step.order_number + 1),
            attempt=0,
            delay_s=0.0,
            order_number=step.order_number + 1,
            sizes_tried=tried,
        )

    def _other_skus(self, arrival: int) -> list[int]:
        """The SKUs that this arrival did not come for, as it would wish for them: a race as in `arrivals`."""
        wanted = {sku for sku, _ in self._carts[arrival]}
        clocks = {
            sku: -math.log(chance(self._seed, arrival, NEXT_SIZE, sku)) / popularity
            for sku, popularity in enumerate(self._popularity)
            if sku not in wanted
        }
        return sorted(clocks, key=clocks.__getitem__)

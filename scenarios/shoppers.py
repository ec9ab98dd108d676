"""The shoppers of a load test: each on their own journey, over HTTP, every attempt recorded."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import gevent

from scenarios.answers import Reply, code_of
from scenarios.arrivals import Arrivals, Cart
from scenarios.dispatcher import Clock
from scenarios.history import Outcome
from scenarios.journey import Journeys, Step
from scenarios.recorder import Recorder
from scenarios.scenario import Scenario
from scenarios.wire import Wire

_INTERRUPTED = Reply(0, failure="interrupted")
_FAILED = {Outcome.UNKNOWN, Outcome.REJECTED}


class Crowd:
    """Everybody who comes to one drop.

    Args:
        tokens: bearer tokens, by shopper.
        tell: hears of every attempt as listeners of Locust's `request` event do; its response time counts
            from the intended moment.
    """

    def __init__(
        self,
        scenario: Scenario,
        arrivals: Arrivals,
        *,
        url: str,
        tokens: Sequence[str],
        clock: Clock,
        recorder: Recorder,
        tell: Callable[..., None],
    ) -> None:
        self._journeys = Journeys(scenario, arrivals)
        self._patience_s = scenario.shoppers.patience_s
        self._skus = scenario.skus
        self._at_s = arrivals.at_s.tolist()
        self._tokens = [tokens[shopper] for shopper in arrivals.shopper.tolist()]
        self._wire = Wire(url)
        self._orders: dict[Cart, tuple[str, str]] = {}
        self._clock = clock
        self._recorder = recorder
        self._tell = tell

    def journey(self, arrival: int) -> None:
        """Everything that one arrival does, from its first attempt to its end."""
        intended_s = self._at_s[arrival]
        step = self._journeys.first(arrival)
        while step:
            outcome, done_s = self._attempt(step, intended_s)
            step = self._journeys.after(step, outcome)
            if step:
                intended_s = done_s + step.delay_s
                if step.delay_s:
                    gevent.sleep(step.delay_s)

    def leave(self) -> None:
        """Close the connections."""
        self._wire.close()

    def _attempt(self, step: Step, intended_s: float) -> tuple[Outcome, float]:
        """Send one request; its outcome and when it was known. If interrupted, it is recorded as unknown."""
        method, request = self._order(step) if step.operation == "order" else self._page(step)
        reply = _INTERRUPTED
        sent_s = self._clock.now()
        try:
            reply = self._wire.exchange(method, request, self._patience_s)
        finally:
            done_s = self._clock.now()
            outcome = self._recorder.note(step, intended_s, sent_s, done_s, reply)
        self._tell(
            request_type=step.operation,
            name=outcome,
            response_time=(done_s - intended_s) * 1000,
            response_length=len(reply.body),
            exception=f"{reply.status} {code_of(reply)}" if outcome in _FAILED else None,
            context={},
        )
        return outcome, done_s

    def _page(self, step: Step) -> tuple[str, bytes]:
        product = self._skus[step.cart[0][0]].product
        return "GET", f"GET /products/{product} HTTP/1.1\r\nHost: {self._wire.host}\r\n\r\n".encode("latin-1")

    def _order(self, step: Step) -> tuple[str, bytes]:
        if step.cart not in self._orders:
            self._orders[step.cart] = self._order_of(step.cart)
        head, body = self._orders[step.cart]
        token = self._tokens[step.arrival]
        request = f"{head}Authorization: Bearer {token}\r\nIdempotency-Key: {step.key}\r\n\r\n{body}"
        return "POST", request.encode("latin-1")

    def _order_of(self, cart: Cart) -> tuple[str, str]:
        """The parts of the request which are the same for all orders of this cart."""
        body = json.dumps({"lines": [{"sku": self._skus[sku].sku, "quantity": n} for sku, n in cart]})
        head = (
            f"POST /orders HTTP/1.1\r\nHost: {self._wire.host}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        )
        return head, body

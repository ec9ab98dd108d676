"""The shoppers of a load test: each on their own journey, over HTTP, every attempt recorded."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence

import gevent

from scenarios.answers import FAILED, Reply, code_of, decision_in
from scenarios.arrivals import Arrivals, Cart
from scenarios.dispatcher import Clock
from scenarios.history import Outcome
from scenarios.journey import Journeys, Step
from scenarios.recorder import Recorder
from scenarios.scenario import Scenario
from scenarios.wire import Wire

_INTERRUPTED = Reply(0, failure="interrupted")
_LONGEST_LOOK_S = 30  # as long as the shop holds a request that waits for a decision
_LOOK_AGAIN_S = 0.05


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
        """Send one request, and where it is queued, wait for what becomes of it; the outcome and its time.

        If interrupted, it is recorded as it stands: unknown, or queued.
        """
        request = self._order(step) if step.operation == "order" else self._page(step)
        reply, acknowledged_s = _INTERRUPTED, None
        sent_s = self._clock.now()
        try:
            reply = self._wire.exchange(request, self._patience_s)
            if reply.status == 202:
                acknowledged_s = self._clock.now()
                reply = self._decision(step, reply, sent_s + self._patience_s)
        finally:
            done_s = self._clock.now()
            outcome = self._recorder.note(
                step, intended_s, sent_s, done_s, reply, acknowledged_s=acknowledged_s
            )
        self._tell(
            request_type=step.operation,
            name=outcome,
            response_time=(done_s - intended_s) * 1000,
            response_length=len(reply.body),
            exception=f"{reply.status} {code_of(reply)}" if outcome in FAILED else None,
            context={},
        )
        return outcome, done_s

    def _decision(self, step: Step, accepted: Reply, until_s: float) -> Reply:
        """What becomes of a queued order, with the spans of its acceptance; the 202 if patience is over."""
        while accepted.location and (left_s := until_s - self._clock.now()) > 0:
            look = self._look(step, accepted.location, left_s)
            if decision := decision_in(self._wire.exchange(look, left_s)):
                return decision._replace(server_timing=accepted.server_timing)
            gevent.sleep(_LOOK_AGAIN_S)
        return accepted

    def _look(self, step: Step, location: str, left_s: float) -> bytes:
        """A request for the answer to a queued order, which the shop may hold until it has one (RFC 7240)."""
        wait_s = min(math.ceil(left_s), _LONGEST_LOOK_S)
        token = self._tokens[step.arrival]
        return (
            f"GET {location} HTTP/1.1\r\nHost: {self._wire.host}\r\n"
            f"Authorization: Bearer {token}\r\nPrefer: wait={wait_s}\r\n\r\n"
        ).encode("latin-1")

    def _page(self, step: Step) -> bytes:
        product = self._skus[step.cart[0][0]].product
        return f"GET /products/{product} HTTP/1.1\r\nHost: {self._wire.host}\r\n\r\n".encode("latin-1")

    def _order(self, step: Step) -> bytes:
        if step.cart not in self._orders:
            self._orders[step.cart] = self._order_of(step.cart)
        head, body = self._orders[step.cart]
        token = self._tokens[step.arrival]
        request = f"{head}Authorization: Bearer {token}\r\nIdempotency-Key: {step.key}\r\n\r\n{body}"
        return request.encode("latin-1")

    def _order_of(self, cart: Cart) -> tuple[str, str]:
        """The parts of the request which are the same for all orders of this cart."""
        body = json.dumps({"lines": [{"sku": self._skus[sku].sku, "quantity": n} for sku, n in cart]})
        head = (
            f"POST /orders HTTP/1.1\r\nHost: {self._wire.host}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        )
        return head, body

"""The shoppers of a scenario, each on their own journey through the shop, every attempt recorded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import simpy

from scenarios.arrivals import Arrivals, Cart
from scenarios.history import Attempt
from scenarios.journey import Journeys, Step
from scenarios.scenario import Scenario
from simulator.checkout import exchange
from simulator.clients import Clients
from simulator.generator import Generator, GeneratorWork
from simulator.order import Draw, Draws, Order
from simulator.requests import GAVE_UP, QUEUED, Answer, Page
from simulator.shop import Shop, Worker
from simulator.stations import Deadlines, Steps

_STANDARD_NORMAL = NormalDist()
IDLE_S = 2.0  # as long as the load generator keeps a connection that nobody uses


class _Wish(NamedTuple):
    """A cart as the history and as the database want it."""

    skus: list[str]
    quantities: list[int]
    lines: Cart
    total_won: int


@dataclass(slots=True)
class _Sent:
    """An attempt that its shopper waits for. `ended` has the last answer, or None when patience is over."""

    intended_s: float
    at_s: float
    ended: simpy.Event
    acknowledged_s: float | None = None


class Crowd:
    """Everybody who comes to one drop.

    Args:
        sending: what it takes the load generator.
        unevenness: the standard deviation of the logarithm of the work that each request makes.
        clients: who send the orders in a closed loop; without them arrivals come when they are due.
    """

    def __init__(
        self,
        shop: Shop,
        scenario: Scenario,
        arrivals: Arrivals,
        *,
        sending: GeneratorWork,
        unevenness: float,
        clients: Clients | None = None,
    ) -> None:
        self._env = shop.env
        self._shop = shop
        self.generator = Generator(shop.env, sending)
        self._arrivals = arrivals
        self._journeys = Journeys(scenario, arrivals)
        self._skus = scenario.skus
        self._wishes: dict[Cart, _Wish] = {}
        self._patience = Deadlines(shop.env, scenario.shoppers.patience_s)
        self._unevenness = unevenness
        self._draws: Draws = shop.draws
        self._until_s = clients.until_s if clients else 0.0
        self._first = min(clients.count, len(arrivals)) if clients else len(arrivals)
        self._following = self._first
        self._to_come_or_leave = self._first
        self._gone = shop.env.event()
        self._idle: list[tuple[float, Worker]] = []
        self.attempts: list[Attempt] = []

    def visit(self) -> Steps:
        """The whole drop, until the last shopper has left."""
        tick_s = self.generator.work.tick_s
        for arrival, at_s in enumerate(self._arrivals.at_s[: self._first].tolist()):
            wakes_s = at_s + tick_s * self._draws(Draw.LATENESS, arrival)
            yield self._env.timeout(wakes_s - self._env.now if self._env.now < at_s else 0.0)
            self._env.process(self._journey(arrival, at_s))
        if self._to_come_or_leave:
            yield self._gone

    def _journey(self, arrival: int, intended_s: float) -> Steps:
        step = self._journeys.first(arrival)
        while step:
            yield self.generator.send()
            sent = _Sent(intended_s, self._env.now, self._env.event())
            self._env.process(self._serve(step, sent))
            self._patience.watch(sent.ended)
            answer = (yield sent.ended) or (GAVE_UP if sent.acknowledged_s is None else QUEUED)
            self._note(step, sent, answer)
            step = self._journeys.after(step, answer.outcome)
            if step and step.delay_s:
                yield self._env.timeout(step.delay_s)
            intended_s = self._env.now
        self._leave()

    def _leave(self) -> None:
        """Make room: in a closed loop for the next order, until the end."""
        if self._env.now < self._until_s and self._following < len(self._arrivals):
            self._env.process(self._journey(self._following, self._env.now))
            self._following += 1
            return
        self._to_come_or_leave -= 1
        if not self._to_come_or_leave:
            self._gone.succeed()

    def _serve(self, step: Step, sent: _Sent) -> Steps:
        """The system's side of an attempt. It does not know whether the shopper is still waiting."""
        worker = self._idle_connection()
        if worker is None:
            worker = self._shop.workers[step.arrival % len(self._shop.workers)]
            yield from worker.admit()
        if step.operation == "order":
            answer = yield from exchange(
                self._shop, worker, self._order(step), self.generator, lambda: self._acknowledge(sent)
            )
        else:
            answer = yield from Page(self._shop, worker, self._pace(step)).answer()
            yield self.generator.receive(self._shop.wire_s)
        if not sent.ended.triggered:
            sent.ended.succeed(answer)
            self._idle.append((self._env.now, worker))

    def _acknowledge(self, sent: _Sent) -> None:
        if not sent.ended.triggered:
            sent.acknowledged_s = self._env.now

    def _idle_connection(self) -> Worker | None:
        """The worker at the other end of the connection that was used last, unless that was too long ago."""
        if self._idle:
            since_s, worker = self._idle.pop()
            if self._env.now - since_s < IDLE_S:
                return worker
            self._idle.clear()
        return None

    def _order(self, step: Step) -> Order:
        wish = self._wish(step.cart)
        shopper = int(self._arrivals.shopper[step.arrival])
        number = (step.arrival, step.position, step.order_number, step.attempt)
        return Order(shopper, step.key, wish.lines, wish.total_won, self._pace(step), number)

    def _wish(self, cart: Cart) -> _Wish:
        if cart not in self._wishes:
            self._wishes[cart] = _Wish(
                skus=[self._skus[sku].sku for sku, _ in cart],
                quantities=[quantity for _, quantity in cart],
                lines=tuple(sorted(cart, key=lambda line: self._skus[line[0]].sku)),
                total_won=sum(self._skus[sku].price_won * quantity for sku, quantity in cart),
            )
        return self._wishes[cart]

    def _pace(self, step: Step) -> float:
        """Log-normal, with mean 1; it belongs to the attempt, so every strategy meets the same."""
        draw = self._draws(Draw.PACE, step.arrival, step.position, step.order_number, step.attempt)
        sigma = self._unevenness
        return math.exp(sigma * _STANDARD_NORMAL.inv_cdf(draw) - sigma * sigma / 2)

    def _note(self, step: Step, sent: _Sent, answer: Answer) -> None:
        wish = self._wish(step.cart)
        self.attempts.append(
            Attempt(
                arrival=step.arrival,
                attempt=step.attempt,
                operation=step.operation,
                shopper=int(self._arrivals.shopper[step.arrival]),
                bot=bool(self._arrivals.bot[step.arrival]),
                key=step.key,
                skus=wish.skus,
                quantities=wish.quantities,
                intended_s=sent.intended_s,
                sent_s=sent.at_s,
                acknowledged_s=sent.acknowledged_s,
                done_s=self._env.now,
                outcome=answer.outcome,
                status=answer.status,
                code=answer.code,
                order_id=answer.order_id,
                total_won=answer.total_won,
                replayed=answer.replayed,
                spans=list(answer.spans),
            )
        )

"""An order's leases in Redis: how it waits for them, and how it gives them back."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy

from simulator.defaults import LEASE_POLL_S
from simulator.order import Draw, Order, Work
from simulator.requests import Request
from simulator.shop import Shop, Worker
from simulator.stations import Steps
from simulator.stock import Judged, Verdict


class Lease:
    """The leases on all SKUs of one order. Nothing tells who has them that they have run out.

    `is_asked_for`: whether there may be one to give back.
    """

    def __init__(self, request: Request, shop: Shop, worker: Worker, order: Order) -> None:
        self._request = request
        self._shop = shop
        self._worker = worker
        self._order = order
        self._asked = 0
        self.is_asked_for = False

    def take(self, work: Work) -> Judged:
        """Take them one after the other, up to one that cannot be had."""
        for sku, _ in self._order.lines:
            verdict = yield from self._take_one(sku, work)
            if verdict is not Verdict.DONE:
                return verdict
        return Verdict.DONE

    def give_back(self, work: Work) -> Steps:
        """End those that are still ours."""
        self.is_asked_for = False
        skus = [sku for sku, _ in self._order.lines]
        redis, owner = self._shop.redis, self._order.number
        yield from self._request.ask_redis(work, lambda: redis.give_back(skus, owner))

    def _take_one(self, sku: int, work: Work) -> Judged:
        """Wait until one is first in the worker's line for this SKU, then ask again and again."""
        line, patience = self._worker.lines[sku], self._worker.patience
        until_s = self._shop.env.now + self._shop.settings.lock_timeout_s
        yield from self._request.leave()
        first = yield from line.take_within(patience)
        yield from self._request.enter()
        if not first:
            return Verdict.CONFLICT
        if self._worker.knows_sold_out(self._order):
            line.give_back()
            return Verdict.GONE
        leased = yield from self._ask(sku, work)
        while not leased and self._shop.env.now < until_s:
            yield from self._request.sleep(self._pause_s())
            leased = yield from self._ask(sku, work)
        line.give_back()
        return Verdict.DONE if leased else Verdict.CONFLICT

    def _pause_s(self) -> float:
        low_s, high_s = LEASE_POLL_S
        return low_s + (high_s - low_s) * self._shop.draws(Draw.POLL, *self._order.number, self._asked)

    def _ask(self, sku: int, work: Work) -> Generator[simpy.Event, Any, bool]:
        self._asked += 1
        self.is_asked_for = True
        redis, owner, lease_s = self._shop.redis, self._order.number, self._shop.settings.lease_s
        return (yield from self._request.ask_redis(work, lambda: redis.lease(sku, owner, lease_s)))

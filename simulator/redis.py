"""Redis: scripts that run one at a time on what it knows of units, holds, leases and the queue."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeVar

import simpy

from scenarios.scenario import Sku
from simulator.order import Order
from simulator.stations import Cores, Thread
from simulator.stock import Verdict

T = TypeVar("T")
Owner = tuple[int, ...]
"""Whose a lease is: the number of an order."""


class Redis:
    """One Redis server: the units that nobody holds, and who holds some."""

    def __init__(self, env: simpy.Environment, cores: Cores, skus: Sequence[Sku]) -> None:
        self._env = env
        self._thread = Thread(env, cores, "redis")
        self._limits = [sku.limit for sku in skus]
        self._bought: dict[tuple[int, int], int] = {}  # by SKU and shopper; sold or held
        self._held: set[str] = set()  # keys of orders
        self._sold: set[str] = set()
        self._leases: dict[int, tuple[Owner, float]] = {}  # by SKU: whose, and until when
        self._token = 0
        self.available = [sku.units for sku in skus]
        self.stream: deque[Order] = deque()

    def run(self, script: Callable[[], T], work_s: float) -> Generator[simpy.Event, Any, T]:
        """Run one of the scripts below; nobody else's runs meanwhile."""
        yield from self._thread.enter()
        self._thread.spend(work_s)
        yield from self._thread.leave()
        return script()

    def hold(self, order: Order) -> Verdict:
        """Take the order's units, if there are enough."""
        if order.key in self._held or order.key in self._sold:
            return Verdict.KEY_IN_PROGRESS
        for sku, quantity in order.lines:
            limit = self._limits[sku]
            if limit is not None and self._bought.get((sku, order.shopper), 0) + quantity > limit:
                return Verdict.LIMIT_REACHED
            if self.available[sku] < quantity:
                return Verdict.SOLD_OUT
        self._held.add(order.key)
        self._move(order, 1)
        return Verdict.DONE

    def confirm(self, order: Order) -> Verdict:
        """The units are sold. The key is remembered (by the system for a minute), so a copy holds none."""
        self._held.remove(order.key)
        self._sold.add(order.key)
        return Verdict.DONE

    def release(self, order: Order) -> Verdict:
        """The units are free again."""
        self._held.remove(order.key)
        self._move(order, -1)
        return Verdict.DONE

    def _move(self, order: Order, times: int) -> None:
        for sku, quantity in order.lines:
            self.available[sku] -= times * quantity
            if self._limits[sku] is not None:
                has = self._bought.get((sku, order.shopper), 0)
                self._bought[sku, order.shopper] = has + times * quantity

    def enqueue(self, order: Order) -> Verdict:
        """Put the order into the stream; its hold stays."""
        self.stream.append(order)
        return Verdict.DONE

    def lease(self, sku: int, owner: Owner, lease_s: float) -> bool:
        """Give `owner` the lease, unless somebody has one that has not run out."""
        _, until_s = self._leases.get(sku, ((), 0.0))
        if self._env.now < until_s:
            return False
        self._leases[sku] = (owner, self._env.now + lease_s)
        return True

    def next_token(self) -> int:
        """One that is larger than any before."""
        self._token += 1
        return self._token

    def give_back(self, skus: Sequence[int], owner: Owner) -> None:
        """End the leases that are still the owner's."""
        for sku in skus:
            if self._leases.get(sku, ((), 0.0))[0] == owner:
                del self._leases[sku]

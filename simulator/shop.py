"""The system: its workers, the servers behind them, and the cores that all of them share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple, Self

import simpy

from simulator.database import Database, Judged, Order, Verdict, Work
from simulator.defaults import BOARD_INTERVAL_S
from simulator.profile import OrderDemands, Profile
from simulator.stations import Cores, Steps, Thread, Turns
from simulator.strategies import Strategy


class Redis:
    """One Redis server: the units that nobody holds, and who holds some. A script runs alone."""

    def __init__(self, env: simpy.Environment, cores: Cores, units: Sequence[int]) -> None:
        self._thread = Thread(env, cores, "redis")
        self.available = list(units)
        self._holds: set[str] = set()

    def run(self, script: Callable[[Order], Verdict], work: Work, order: Order) -> Judged:
        """Run one of the scripts below; nobody else's runs meanwhile."""
        yield from self._thread.enter()
        self._thread.spend(work.redis_s * order.pace)
        yield from self._thread.leave()
        return script(order)

    def hold(self, order: Order) -> Verdict:
        """Take the order's units, if there are enough."""
        if order.key in self._holds:
            return Verdict.KEY_IN_PROGRESS
        if any(self.available[sku] < quantity for sku, quantity in order.lines):
            return Verdict.SOLD_OUT
        for sku, quantity in order.lines:
            self.available[sku] -= quantity
        self._holds.add(order.key)
        return Verdict.DONE

    def confirm(self, order: Order) -> Verdict:
        """The units are sold."""
        self._holds.remove(order.key)
        return Verdict.DONE

    def release(self, order: Order) -> Verdict:
        """The units are free again."""
        for sku, quantity in order.lines:
            self.available[sku] += quantity
        self._holds.remove(order.key)
        return Verdict.DONE


class Worker:
    """A worker process: its event loop, its connections, and the SKUs that it knows to be gone.

    `gone` has the buyers of each such SKU: they are let through, for they may be asking again.
    """

    def __init__(self, env: simpy.Environment, cores: Cores, pool_size: int) -> None:
        self.thread = Thread(env, cores, "worker")
        self.pool = Turns(env, pool_size)
        self.gone: dict[int, frozenset[int]] = {}
        self._door = Turns(env, 1)

    def admit(self, work_s: float) -> Steps:
        """Accept a new connection: one in each round of the loop, however many knock.

        So under load those who are inside are served before those who come; and a crowd waits outside.
        (libuv, since 1.45: "don't accept() connections in a loop".)
        """
        yield from self._door.take()
        yield from self.thread.enter()
        self.thread.spend(work_s)
        yield from self.thread.leave()
        self._door.give_back()

    def knows_sold_out(self, order: Order) -> bool:
        """Whether the sold-out board turns this order away."""
        return any(sku in self.gone and order.shopper not in self.gone[sku] for sku, _ in order.lines)


class OrderWork(NamedTuple):
    """What an order asks for on its way, in seconds."""

    accept_s: float
    stages: dict[str, Work]  # by span
    kept_answer: Work
    respond_s: float

    @classmethod
    def of(cls, demands: OrderDemands, ms_s: float) -> Self:
        """The demands in seconds: `ms_s` for each millisecond."""
        return cls(
            accept_s=demands.accept_ms * ms_s,
            stages={span: Work.of(demand, ms_s) for span, demand in demands.stages.items()},
            kept_answer=Work.of(demands.kept_answer, ms_s),
            respond_s=demands.respond_ms * ms_s,
        )


class Shop:
    """Everything that orders under one strategy meet.

    Args:
        speed: how fast this machine is in this run; all demands are divided by it.
        units: of each SKU.
        balances_won: of each shopper.
    """

    def __init__(
        self,
        env: simpy.Environment,
        strategy: Strategy,
        profile: Profile,
        *,
        random: Random,
        speed: float,
        workers: int,
        pool_size: int,
        units: Sequence[int],
        balances_won: list[int],
    ) -> None:
        demands = profile.demands(strategy.name)
        ms_s = 1e-3 / speed  # a millisecond of demand, in seconds of this run
        self.env = env
        self.strategy = strategy
        self.random = random
        self._order = OrderWork.of(demands.order, ms_s)
        self._refusal = OrderWork.of(demands.refusal, ms_s)
        self.board_s = demands.board_ms * ms_s
        self.connect_s = profile.connect_ms * ms_s
        self.page = Work.of(profile.browse, ms_s)
        self.wire_s = profile.wire_ms / 1e3
        self.cores = Cores(env, profile.system_cores)
        self.redis = Redis(env, self.cores, units)
        self.database = Database(
            env, self.cores, random, units=units, balances_won=balances_won, wake_s=demands.wake_ms * ms_s
        )
        self.workers = [Worker(env, self.cores, pool_size) for _ in range(workers)]
        self._open = True
        for worker in self.workers:
            env.process(self._watch_stock(worker))

    def work(self, order: Order) -> OrderWork:
        """What the next step of `order` asks for: it depends on whether its units are still there."""
        return self._order if self.database.has(order) else self._refusal

    def close(self) -> None:
        """Let the background work of the workers come to its end."""
        self._open = False

    def _watch_stock(self, worker: Worker) -> Steps:
        """Keep one worker's sold-out board, over a connection of its own."""
        thread, work = worker.thread, self._order.kept_answer  # a statement of like size
        while self._open:
            yield from thread.enter()
            thread.spend(work.worker_s / 2)
            yield from thread.leave()
            yield from self.cores.run(work.database_s, "database")
            gone = {
                sku: worker.gone[sku] if sku in worker.gone else frozenset(row.buyers)
                for sku, row in enumerate(self.database.rows)
                if not row.available
            }
            yield from thread.enter()
            thread.spend(work.worker_s / 2)
            worker.gone = gone
            yield from thread.leave()
            yield self.env.timeout(BOARD_INTERVAL_S)

"""The system: its workers, the servers behind them, and the cores that all of them share."""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from collections.abc import Sequence

import simpy

from scenarios.scenario import Sku
from simulator.database import Database
from simulator.defaults import DECISIONS_WATCH_S, REDIS_CONNECTIONS, Settings
from simulator.order import Draws, Order, OrderWork, Work
from simulator.profile import Profile, ProfileError, StrategyDemands
from simulator.redis import Redis
from simulator.stations import Cores, Deadlines, Steps, Thread, Turns, timer_s
from simulator.strategies import Strategy
from simulator.together import Consumer, Together


class Worker:
    """A worker process: its event loop, its connections, and the SKUs that it knows to be gone.

    `gone` has the buyers of each such SKU: they are let through, for they may be asking again. `watch` is a
    connection for what must not queue behind them; `lines` are where leases are waited for, by SKU;
    `awaited` are the decisions that somebody waits for, by key; `acquainted` are the shoppers whose tokens it
    has checked before.
    """

    together: Together

    def __init__(self, env: simpy.Environment, cores: Cores, settings: Settings, skus: int) -> None:
        self.thread = Thread(env, cores, "worker")
        self.pool = Turns(env, settings.pool_size)
        self.watch = Turns(env, 1)
        self.to_redis = Turns(env, REDIS_CONNECTIONS)
        self.lines = [Turns(env, 1) for _ in range(skus)]
        self.patience = Deadlines(env, settings.lock_timeout_s)
        self.awaited: defaultdict[str, list[simpy.Event]] = defaultdict(list)
        self.acquainted: set[int] = set()
        self.gone: dict[int, frozenset[int]] = {}
        self._door = Turns(env, 1)

    def admit(self) -> Steps:
        """Accept a new connection: one in each round of the loop, however many knock.

        So under load those who are inside are served before those who come; and a crowd waits outside.
        (libuv, since 1.45: "don't accept() connections in a loop".) What it takes is in no
        demand: in two of three crowds it could not be told from none, in the third it was 0.05 ms.
        """
        yield from self._door.take()
        yield from self.thread.enter()
        yield from self.thread.leave()
        self._door.give_back()

    def knows_sold_out(self, order: Order) -> bool:
        """Whether the sold-out board turns this order away."""
        return any(sku in self.gone and order.shopper not in self.gone[sku] for sku, _ in order.lines)


class Shop:
    """Everything that orders under one strategy meet.

    Args:
        draws: whatever chance decides.
        speed: how fast this machine is in this run; all demands are divided by it.
        speeds: how fast it is meanwhile, relative to that, for every 100 ms.
        balances_won: of each shopper.

    Raises:
        ProfileError: the profile has no demands for the strategy, or not for all of its stages.
    """

    def __init__(
        self,
        env: simpy.Environment,
        strategy: Strategy,
        profile: Profile,
        *,
        draws: Draws,
        speed: float,
        speeds: Sequence[float] = (1.0,),
        settings: Settings,
        skus: Sequence[Sku],
        balances_won: list[int],
    ) -> None:
        demands = profile.demands(strategy.name)
        _require_all(strategy, demands, profile.made_at)
        ms_s = 1e-3 / speed  # a millisecond of demand, in seconds of this run
        self.env = env
        self.strategy = strategy if settings.pipeline > 1 else strategy.sending_alone()
        self.settings = settings
        self.draws = draws
        self.order_work = OrderWork.of(demands.order, ms_s)
        self.refusal_work = OrderWork.of(demands.refusal, ms_s)
        self.once = {span: Work.of(demand, ms_s) for span, demand in demands.once.items()}
        self.board_s = demands.board_ms * ms_s
        self.look_up = self.order_work.kept_answer  # and any other statement of like size
        self.identify_s = profile.identify_ms * ms_s
        self.page = Work.of(profile.browse, ms_s)
        self.wire_s = profile.wire_ms / 1e3
        self.lanes = [zlib.crc32(sku.sku.encode()) % settings.pool_size for sku in skus]  # by SKU
        self.cores = Cores(
            env,
            profile.system_cores,
            demands.cold_ms * ms_s,
            speeds,
            demands.in_company.model_dump(),
            demands.unused_share,
        )
        self.redis = Redis(env, self.cores, skus)
        self.database = Database(
            env,
            self.cores,
            draws,
            skus=skus,
            kept_in=strategy.kept_in,
            buckets=settings.buckets,
            balances_won=balances_won,
            wake_s=demands.wake_ms * ms_s,
        )
        self.workers = [Worker(env, self.cores, settings, len(skus)) for _ in range(settings.workers)]
        self.batches: Counter[str] = Counter()  # of orders that were done together, by span
        self.is_open = True
        if strategy.consumer:
            env.process(Consumer(self).run())
        for worker in self.workers:
            worker.together = Together(self, worker)
            env.process(self._watch_stock(worker))
            if strategy.consumer:
                env.process(self._watch_decisions(worker))

    def work(self, order: Order) -> OrderWork:
        """What the next step of `order` asks for: it depends on whether its units are still there."""
        return self.order_work if self.database.has(order) else self.refusal_work

    def close(self) -> None:
        """Let the background work come to its end."""
        self.is_open = False

    def _look(self, worker: Worker) -> Steps:
        """A statement of the worker's background work, over a connection of its own."""
        yield from worker.watch.take()
        yield from worker.thread.enter()
        worker.thread.spend(self.look_up.worker_s / 2)
        yield from worker.thread.leave()
        yield from self.cores.run(self.look_up.database_s, "database")

    def _seen(self, worker: Worker) -> Steps:
        """The worker's part of what came of it."""
        yield from worker.thread.enter()
        worker.thread.spend(self.look_up.worker_s / 2)
        worker.watch.give_back()
        yield from worker.thread.leave()

    def _watch_stock(self, worker: Worker) -> Steps:
        """Keep one worker's sold-out board."""
        while self.is_open:
            yield from self._look(worker)
            gone = {
                sku: worker.gone[sku] if sku in worker.gone else frozenset(stock.buyers)
                for sku, stock in enumerate(self.database.stock)
                if stock.unsold <= 0
            }
            yield from self._seen(worker)
            worker.gone = gone
            yield self.env.timeout(self.settings.board_interval_s)

    def _watch_decisions(self, worker: Worker) -> Steps:
        """Tell those who wait for a decision of it."""
        last = 0
        while self.is_open:
            yield self.env.timeout(timer_s(DECISIONS_WATCH_S))
            if worker.awaited:
                yield from self._look(worker)
                new = self.database.decided[last:]
                last += len(new)
                yield from self._seen(worker)
                for key in new:
                    for event in worker.awaited.pop(key, ()):
                        event.succeed()


def _require_all(strategy: Strategy, demands: StrategyDemands, made_at: str) -> None:
    """A stage without data would take no time, and nobody would notice."""
    known = demands.order.stages.keys() & demands.refusal.stages.keys()
    missing = [stage.span for stage in strategy.all_stages if stage.span and stage.span not in known]
    missing += [
        stage.span for stage in strategy.all_stages if stage.is_shared and stage.span not in demands.once
    ]
    if missing:
        raise ProfileError(
            f"the profile of {made_at} knows nothing of {', '.join(dict.fromkeys(missing))} of "
            f"{strategy.name!r}, as of an older system; calibrate again"
        )

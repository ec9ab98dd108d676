"""Measures: every strategy, every repeat, on real servers; each run leaves its record in the run's folder."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from harness import closed_loop, cpu
from harness.books import read_books
from harness.display import Live
from harness.generator import Generator, sending
from harness.servers import Endpoints, Servers
from harness.shop import Shop, open_shop
from reports.experiment import PlannedRun, StrategyUnderTest, measured_folder
from scenarios.arrivals import generate
from scenarios.conditions import Conditions, Sample
from scenarios.record import Record
from scenarios.scenario import Scenario

_WATCH_S = 0.25
_WARM_UP_S = 0.7
_WARM_UP_CLIENTS = 16
_WARM_UP_SHOPPERS = 2_000
_PLENTY = {"units": 10_000_000}
_PLENTY_WON = 10**12
_BEYOND_THE_LAST_SHOPPER_S = 120.0


@dataclass(frozen=True)
class Stage:
    """All that the runs of one experiment have in common.

    `source` and `time_scale` are how the load generator is told of `scenario`, which is the scaled one.
    """

    scenario: Scenario
    source: str
    time_scale: float
    seed: int
    servers: Servers
    endpoints: Endpoints
    workers: int
    pool_size: int
    system_cores: tuple[int, ...]
    generator_cores: tuple[int, ...]

    def shop(self, strategy: str, log: Path) -> AbstractContextManager[Shop]:
        """The system with `strategy` on this stage's servers and cores."""
        return open_shop(
            strategy,
            database_url=self.endpoints.database_url,
            redis_url=self.endpoints.redis_url,
            workers=self.workers,
            pool_size=self.pool_size,
            cores=self.system_cores,
            log=log,
        )

    def roles(self, shop: Shop) -> dict[str, tuple[int, ...]] | None:
        """The processes of each role but the generator; None where not all of them can be metered."""
        postgres, redis = self.endpoints.postgres_pid, self.endpoints.redis_pid
        if postgres is None or redis is None or not cpu.measurable():
            return None
        return {"worker": (shop.process.pid,), "database": (postgres,), "redis": (redis,)}


def order_of_runs(strategies: Sequence[StrategyUnderTest], repeats: int) -> tuple[PlannedRun, ...]:
    """Every strategy in every repeat, each repeat begun at the next one: a slow minute hits them in turn."""
    names = [strategy.name for strategy in strategies]
    return tuple(
        PlannedRun(strategy=name, repeat=repeat)
        for repeat in range(repeats)
        for turn in [repeat % len(names)]
        for name in names[turn:] + names[:turn]
    )


def measure(stage: Stage, run: PlannedRun, folder: Path, live: Live) -> None:
    """Run the scenario once against one strategy, and save its record below the run's `folder`.

    Raises:
        RunError: something died, hung, or did not come to rest.
    """
    folder = measured_folder(folder, run.strategy, run.repeat)
    with stage.shop(run.strategy, folder / "system.log") as shop:
        _warm_up(stage, shop, folder / "warm-up.log")
        shop.reset(stage.scenario, shoppers=generate(stage.scenario, stage.seed).number_of_shoppers)
        with _sending(stage, shop, folder) as generator, _metering(stage, shop, generator) as readings:
            _follow(stage, shop, generator, live)
        shop.drain()
    stage.servers.check()
    _record(stage, generator, readings).save(folder)


def _warm_up(stage: Stage, shop: Shop, log: Path) -> None:
    """A second of orders, so that the first shopper meets open connections and prepared statements."""
    shop.reset(plentiful(stage.scenario), shoppers=_WARM_UP_SHOPPERS)
    orders = closed_loop.Orders(
        skus=tuple(sku.sku for sku in stage.scenario.skus),
        tokens=shop.tokens(_WARM_UP_SHOPPERS),
        label="warm-up",
    )
    load = closed_loop.Load(url=shop.url, requests=orders, clients=_WARM_UP_CLIENTS, duration_s=_WARM_UP_S)
    closed_loop.drive(load, cores=stage.generator_cores, log=log)


def _sending(stage: Stage, shop: Shop, folder: Path) -> AbstractContextManager[Generator]:
    return sending(
        shop,
        scenario=stage.source,
        time_scale=stage.time_scale,
        seed=stage.seed,
        folder=folder,
        cores=stage.generator_cores,
    )


def _metering(stage: Stage, shop: Shop, generator: Generator) -> AbstractContextManager[list[cpu.Reading]]:
    roles = stage.roles(shop)
    return (
        nullcontext([]) if roles is None else cpu.sampling({**roles, "generator": (generator.process.pid,)})
    )


def _follow(stage: Stage, shop: Shop, generator: Generator, live: Live) -> None:
    """Show the run's progress until the generator has ended.

    Raises:
        RunError: a part of it died, or the generator did not come to its end.
    """
    deadline = time.monotonic() + stage.scenario.duration_s + _BEYOND_THE_LAST_SHOPPER_S
    while generator.process.is_alive() and time.monotonic() < deadline:
        stage.servers.check()
        shop.process.check()
        live(generator.progress())
        time.sleep(_WATCH_S)
    generator.process.await_end(within_s=0)
    live(generator.progress())


def _record(stage: Stage, generator: Generator, readings: Sequence[cpu.Reading]) -> Record:
    history, log = generator.record()
    books = read_books(
        database_url=stage.endpoints.database_url,
        redis_url=stage.endpoints.redis_url,
        began_unix_s=log.begins_unix_s,
        in_redis=_spends_time_in_redis(history),
    )
    conditions = Conditions(
        generator=log.generator,
        samples=tuple(_samples(readings, log.begins_unix_s)),
        system_cores=len(stage.system_cores),
        generator_shares_cores=bool(set(stage.system_cores) & set(stage.generator_cores)),
        workers=stage.workers,
        pool_size=stage.pool_size,
    )
    return Record(history, books, conditions)


def _spends_time_in_redis(history: pl.DataFrame) -> bool:
    """Whether the strategy keeps stock in Redis: then its orders have a span there."""
    names = history["spans"].explode().struct.field("name")
    return bool(names.str.starts_with("redis").any())


def _samples(readings: Sequence[cpu.Reading], began_unix_s: float) -> Iterator[Sample]:
    """Cores kept busy between each two readings of the run."""
    during = [reading for reading in readings if reading.at >= began_unix_s]
    for before, after in itertools.pairwise(during):
        elapsed_s = after.at - before.at
        busy = {role: max(0.0, after.used_s[role] - before.used_s[role]) / elapsed_s for role in after.used_s}
        yield Sample(at_s=after.at - began_unix_s, **busy)


def plentiful(scenario: Scenario) -> Scenario:
    """The same scenario with stock and money that nobody can use up."""
    products = tuple(
        product.model_copy(update={"sizes": tuple(size.model_copy(update=_PLENTY) for size in product.sizes)})
        for product in scenario.products
    )
    shoppers = scenario.shoppers.model_copy(update={"balance_won": _PLENTY_WON})
    return scenario.model_copy(update={"products": products, "shoppers": shoppers})

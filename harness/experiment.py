"""Measures: every strategy, every repeat, on real servers; each run leaves its record in the run's folder."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import polars as pl

from harness import cpu
from harness.books import read_books
from harness.closed_loop import Load, Orders, drive
from harness.display import Live, Step
from harness.generator import Generator, sending
from harness.shop import Shop
from harness.stage import Stage
from reports.experiment import PlannedRun, StrategyUnderTest, measured_folder
from scenarios.arrivals import generate
from scenarios.conditions import Conditions, Sample
from scenarios.conditions import Generator as Schedule
from scenarios.record import Record
from scenarios.scenario import Scenario, load

_WATCH_S = 0.5
_BESIDE_THE_RUN_S = 5.0  # start, warm-up, drain, books
_WARM_UP_S = 0.7
_WARM_UP_CLIENTS = 16
_WARM_UP_SHOPPERS = 2_000
_PLENTY = {"units": 10_000_000}
_PLENTY_WON = 10**12
_BEYOND_THE_LAST_SHOPPER_S = 120.0


@dataclass(frozen=True)
class Rehearsal:
    """What every run of an experiment plays.

    `source` and `time_scale` are how the load generator is told of `scenario`, which is the scaled one.
    """

    scenario: Scenario
    source: str
    time_scale: float
    seed: int

    @classmethod
    def of(cls, source: str, time_scale: float, seed: int) -> Self:
        """The scenario of the library or of a file.

        Raises:
            ScenarioError: there is none, or it cannot be run.
        """
        return cls(load(source).scaled(time_scale), source, time_scale, seed)


def order_of_runs(strategies: Sequence[StrategyUnderTest], repeats: int) -> tuple[PlannedRun, ...]:
    """Every strategy in every repeat, each repeat begun at the next one: a slow minute hits them in turn."""
    names = [strategy.name for strategy in strategies]
    return tuple(
        PlannedRun(strategy=name, repeat=repeat)
        for repeat in range(repeats)
        for turn in [repeat % len(names)]
        for name in names[turn:] + names[:turn]
    )


def measuring_steps(
    stage: Stage, rehearsal: Rehearsal, runs: Sequence[PlannedRun], folder: Path
) -> list[Step]:
    """Measure each of `runs`, in this order, into the experiment's `folder`."""
    repeats = 1 + max(run.repeat for run in runs)

    def step(run: PlannedRun) -> Step:
        title = f"measuring {run.strategy}" + (f", repeat {run.repeat + 1}" if repeats > 1 else "")
        expected_s = rehearsal.scenario.duration_s + _BESIDE_THE_RUN_S
        return Step(title, expected_s, lambda live: measure(stage, rehearsal, run, folder, live))

    return [step(run) for run in runs]


def measure(stage: Stage, rehearsal: Rehearsal, run: PlannedRun, folder: Path, live: Live) -> None:
    """Run the scenario once against one strategy, and save its record below the experiment's `folder`.

    Raises:
        RunError: something died, hung, or did not come to rest.
    """
    folder = measured_folder(folder, run.strategy, run.repeat)
    scenario = rehearsal.scenario
    with stage.shop(run.strategy, log=folder / "system.log") as shop:
        _warm_up(stage, shop, scenario, folder / "warm-up.log")
        shop.reset(scenario, shoppers=generate(scenario, rehearsal.seed).number_of_shoppers)
        with _sending(stage, shop, rehearsal, folder) as generator:
            with _metering(stage, shop, generator) as readings:
                _follow(stage, shop, generator, scenario.duration_s, live)
            history, log = generator.record()
        shop.drain()
    stage.servers.check()
    books = read_books(
        database_url=stage.endpoints.database_url,
        redis_url=stage.endpoints.redis_url,
        began_unix_s=log.begins_unix_s,
        in_redis=_spends_time_in_redis(history),
    )
    samples = tuple(_samples(readings, log.begins_unix_s))
    Record(history, books, _conditions(stage, log.generator, samples)).save(folder)


def _warm_up(stage: Stage, shop: Shop, scenario: Scenario, log: Path) -> None:
    """Some orders, so that the first shopper meets open connections and prepared statements."""
    shop.reset(plentiful(scenario), shoppers=_WARM_UP_SHOPPERS)
    orders = Orders(
        skus=tuple(sku.sku for sku in scenario.skus), tokens=shop.tokens(_WARM_UP_SHOPPERS), label="warm-up"
    )
    load = Load(url=shop.url, requests=orders, clients=_WARM_UP_CLIENTS, duration_s=_WARM_UP_S)
    drive(load, cores=stage.generator_cores, log=log)


def _sending(
    stage: Stage, shop: Shop, rehearsal: Rehearsal, folder: Path
) -> AbstractContextManager[Generator]:
    return sending(
        shop,
        scenario=rehearsal.source,
        time_scale=rehearsal.time_scale,
        seed=rehearsal.seed,
        folder=folder,
        cores=stage.generator_cores,
    )


def _metering(stage: Stage, shop: Shop, generator: Generator) -> AbstractContextManager[list[cpu.Reading]]:
    if not stage.metered:
        return nullcontext([])
    return cpu.sampling(stage.roles(shop) | {"generator": (generator.process.pid,)})


def _follow(stage: Stage, shop: Shop, generator: Generator, duration_s: float, live: Live) -> None:
    """Show the run's progress until the generator has ended.

    Raises:
        RunError: a part of it died, or the generator did not come to its end.
    """
    deadline = time.monotonic() + duration_s + _BEYOND_THE_LAST_SHOPPER_S
    while generator.process.is_alive() and time.monotonic() < deadline:
        stage.check(shop)
        live(generator.progress())
        time.sleep(_WATCH_S)
    generator.process.await_end(within_s=0)
    live(generator.progress())


def _conditions(stage: Stage, kept: Schedule, samples: tuple[Sample, ...]) -> Conditions:
    return Conditions(
        generator=kept,
        samples=samples,
        system_cores=len(stage.system_cores),
        generator_shares_cores=bool(set(stage.system_cores) & set(stage.generator_cores)),
        workers=stage.workers,
        pool_size=stage.pool_size,
    )


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

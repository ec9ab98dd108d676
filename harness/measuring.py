"""One measured run: the crowd against one strategy on real servers, and the record that it leaves."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import polars as pl

from harness import cpu, waits
from harness.books import read_books
from harness.closed_loop import Load, Orders, drive
from harness.display import Live
from harness.faults import RedisForgets
from harness.generator import Generator, sending
from harness.plenty import WARM_UP, WARM_UP_SKUS, with_warm_up
from harness.rehearsal import Rehearsal
from harness.shop import Shop, reconcile
from harness.stage import Stage
from reports.experiment import StrategyUnderTest
from scenarios.arrivals import generate
from scenarios.conditions import Conditions, GeneratorLog, Sample, WaitSample
from scenarios.record import Record
from scenarios.scenario import Scenario

_WATCH_S = 0.5
_WARM_UP_S = 0.7
_WARM_UP_CLIENTS = 16
_WARM_UP_SHOPPERS = 2_000
_BEYOND_THE_LAST_SHOPPER_S = 120.0


def measure(
    stage: Stage,
    rehearsal: Rehearsal,
    strategy: StrategyUnderTest,
    folder: Path,
    live: Live,
    *,
    fault: RedisForgets | None = None,
) -> None:
    """Run the scenario once against one strategy, and save its record in `folder`.

    Args:
        fault: what is to happen in the middle of the run. What it has spoilt in Redis is set right after the
            drain; without a fault nothing is, for then it would hide that the books disagree.

    Raises:
        RunError: something died, hung, or did not come to rest.
    """
    with cpu.confined_to(stage.generator_cores), stage.shop(strategy, log=folder / "system.log") as shop:
        sent = send(stage, shop, rehearsal, folder, live, fault=fault)
        shop.drain()
    stage.servers.check()
    if fault and strategy.redis == "stock":
        reconcile(stage.endpoints.database_url, stage.endpoints.redis_url)
    sent.record(stage, strategy).save(folder)


@dataclass(frozen=True)
class Sent:
    """A crowd that was sent, to its last shopper: what each saw, and the conditions."""

    history: pl.DataFrame
    conditions: Conditions
    began_unix_s: float

    def record(self, stage: Stage, strategy: StrategyUnderTest) -> Record:
        """All of it, with the books as they are now."""
        books = read_books(
            database_url=stage.endpoints.database_url,
            redis_url=stage.endpoints.redis_url,
            began_unix_s=self.began_unix_s,
            in_redis=strategy.redis == "stock",
        )
        return Record(self.history, books, self.conditions)


def send(
    stage: Stage,
    shop: Shop,
    rehearsal: Rehearsal,
    folder: Path,
    live: Live,
    *,
    fault: RedisForgets | None = None,
) -> Sent:
    """Stock a shop, which loses what it had, and send it the crowd; it stays open.

    Args:
        folder: for the logs, and what the load generator writes.
        fault: as of `measure`.

    Raises:
        RunError: something died, hung, or did not come to rest.
    """
    scenario = rehearsal.scenario
    crowd = generate(scenario, rehearsal.seed).number_of_shoppers
    _stock_and_warm_up(stage, shop, scenario, crowd, folder / "warm-up.log")
    with (
        sending(shop, rehearsal, folder=folder, cores=stage.generator_cores) as generator,
        _metering(stage, shop, generator) as readings,
        waits.looking(stage.endpoints.database_url) as looks,
        cpu.probing(stage.system_cores) as speeds,
    ):
        _follow(stage, shop, generator, scenario.duration_s, live, fault)
    history, log = generator.record()
    return Sent(history, _conditions(stage, log, readings, looks, speeds), log.begins_unix_s)


def _stock_and_warm_up(stage: Stage, shop: Shop, scenario: Scenario, crowd: int, log: Path) -> None:
    """Fill the shop, then place orders that nobody will see: of a product, and by shoppers, of their own.

    So the first shopper meets open connections that have planned their statements. To empty tables makes
    PostgreSQL forget its plans: with the warm-up before that, ten connections planned in the first tenth of a
    second of the drop, and the strategies with one statement for many orders lost most by it.
    """
    shop.reset(with_warm_up(scenario, _WARM_UP_S, stage.axes.buckets), shoppers=crowd + _WARM_UP_SHOPPERS)
    orders = Orders(skus=WARM_UP_SKUS, tokens=shop.tokens(_WARM_UP_SHOPPERS, first=crowd), label="warm-up")
    load = Load(url=shop.url, requests=orders, clients=_WARM_UP_CLIENTS, duration_s=_WARM_UP_S)
    drive(load, cores=stage.generator_cores, log=log)
    shop.withdraw(WARM_UP, first_shopper=crowd)


def _metering(stage: Stage, shop: Shop, generator: Generator) -> AbstractContextManager[list[cpu.Reading]]:
    if not stage.metered:
        return nullcontext([])
    return cpu.sampling(stage.roles(shop) | {"generator": (generator.process.pid,)})


def _follow(
    stage: Stage,
    shop: Shop,
    generator: Generator,
    duration_s: float,
    live: Live,
    fault: RedisForgets | None,
) -> None:
    """Show the run's progress, and play the fault when it is due, until the generator has ended.

    Raises:
        RunError: a part of it died, or the generator did not come to its end.
    """
    deadline = time.monotonic() + duration_s + _BEYOND_THE_LAST_SHOPPER_S
    while not generator.process.ends_within(_WATCH_S) and time.monotonic() < deadline:
        stage.check(shop)
        live(generator.progress())
        if fault and generator.now_s() >= fault.at_s:
            fault.play()
            fault = None
    generator.await_record(within_s=0)
    live(generator.progress())


def _conditions(
    stage: Stage,
    log: GeneratorLog,
    readings: Sequence[cpu.Reading],
    looks: Sequence[waits.Look],
    speeds: Sequence[float],
) -> Conditions:
    return Conditions(
        generator=log.generator,
        samples=tuple(samples(readings, log.begins_monotonic_s)),
        waits=tuple(_waits(looks, log.begins_monotonic_s)),
        machine_speed=fmean(speeds),
        system_cores=len(stage.system_cores),
        generator_shares_cores=bool(set(stage.system_cores) & set(stage.generator_cores)),
        workers=stage.axes.workers,
        pool_size=stage.axes.pool_size,
    )


def samples(readings: Sequence[cpu.Reading], began_s: float) -> Iterator[Sample]:
    """Cores kept busy between each two readings of the run; none between two at the same moment."""
    during = [reading for reading in readings if reading.at_s >= began_s]
    for before, after in itertools.pairwise(during):
        elapsed_s = after.at_s - before.at_s
        if elapsed_s > 0:
            busy = {role: max(0.0, after.used_s[role] - before.used_s[role]) for role in after.used_s}
            shares = {role: used_s / elapsed_s for role, used_s in busy.items()}
            yield Sample(at_s=after.at_s - began_s, **shares)


def _waits(looks: Sequence[waits.Look], began_s: float) -> Iterator[WaitSample]:
    for look in looks:
        if look.at_s >= began_s:
            yield WaitSample(at_s=look.at_s - began_s, **look.counts)

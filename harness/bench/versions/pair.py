"""One pair: a new system of each version, one beside the other on the same servers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from harness import cpu
from harness.bench.common import SHOPPERS, selling
from harness.bench.versions.places import Place
from harness.bench.versions.shapes import Pair, Side, other
from harness.bench.versions.slices import Effort, slices, trial
from harness.closed_loop import Load, Orders, Result, drive_in_turn
from harness.errors import RunError
from harness.plenty import units_for
from harness.shop import Shop, start_shop
from harness.stage import Stage
from reports.experiment import StrategyUnderTest

_IN_BUCKETS = "bucketed_stock"  # has to have a unit in every bucket


def measure(
    stage: Stage,
    places: Mapping[Side, Place],
    strategy: StrategyUnderTest,
    number: int,
    first: Side,
    effort: Effort,
    logs: Path,
) -> Pair:
    """Measure pair `number`: new processes on both sides, the same stock, slices for the one and the other.

    What depends on where a process happens to have its memory ends with the pair. In all that is done with
    both, `first` comes first.

    Raises:
        RunError: a system died, or answered something else than was expected; the message says which.
    """
    in_order = {side: places[side] for side in (first, other(first))}
    with _open(stage, in_order, strategy, number, logs) as shops:
        tokens = {side: _stocked(shop, side, stage, effort) for side, shop in shops.items()}
        plan = slices(first)
        loads = [
            Load(
                url=shops[part.side].url,
                requests=Orders(skus=(part.sku,), tokens=tokens[part.side], label=f"slice-{index}"),
                clients=effort.clients,
                duration_s=effort.seconds(part.kind),
                to_the_end=True,
                roles=stage.roles(shops[part.side]),
            )
            for index, part in enumerate(plan)
        ]
        measured = list(zip(plan, _driven(loads, shops, stage, logs), strict=True))
        for part, result in measured:
            with _named(part.side, strategy):
                part.check(result, shops[part.side].process.log)
    return Pair(first=first, ours=trial("ours", measured), base=trial("base", measured))


@contextmanager
def _open(
    stage: Stage, places: Mapping[Side, Place], strategy: StrategyUnderTest, number: int, logs: Path
) -> Iterator[dict[Side, Shop]]:
    """Both systems open for orders: started together on all cores, then kept to those of the system."""
    with ExitStack() as started:
        shops = {
            side: started.enter_context(
                start_shop(
                    strategy,
                    database_url=place.database_urls[number],
                    redis_url=place.redis_url,
                    axes=stage.axes,
                    cores=None,
                    log=logs / f"{side}-{strategy.name}.log",
                    port=None,
                    checkout=place.checkout,
                )
            )
            for side, place in places.items()
        }
        for side, shop in shops.items():
            with _named(side, strategy):
                shop.await_ready()
            processes = (shop.process, *([shop.consumer] if shop.consumer else []))
            cpu.confine([process.pid for process in processes], stage.system_cores)
        yield shops


def _stocked(shop: Shop, side: Side, stage: Stage, effort: Effort) -> tuple[str, ...]:
    """Fill a shop with what nobody uses up and what is gone at once; the tokens of its shoppers."""
    seconds = effort.warm_up_s + 4 * effort.orders_s
    plenty = units_for(seconds) + 5 * effort.clients
    # One unit. Of several, a strategy that loses updates could write some back when they are gone already.
    scarce = stage.axes.buckets if shop.strategy.name == _IN_BUCKETS else 1
    with _named(side, shop.strategy):
        shop.reset(selling({"1": plenty, "2": scarce}), shoppers=SHOPPERS)
        return shop.tokens(SHOPPERS)


def _driven(loads: Sequence[Load], shops: Mapping[Side, Shop], stage: Stage, logs: Path) -> list[Result]:
    try:
        return drive_in_turn(loads, cores=stage.generator_cores, log=logs / "client.log")
    except RunError as error:
        for side, shop in shops.items():  # one that died says more than the client
            with _named(side, shop.strategy):
                shop.check()
        stage.servers.check()
        places = ", ".join(f"{side} is {shop.url}" for side, shop in shops.items())
        raise RunError(f"{error}\n{places}") from error


@contextmanager
def _named(side: Side, strategy: StrategyUnderTest) -> Iterator[None]:
    """Say whose errors these are."""
    try:
        yield
    except RunError as error:
        raise RunError(f"{side}, {strategy.name}: {error}") from error

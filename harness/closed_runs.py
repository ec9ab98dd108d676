"""The runs of a calibration by clients in a closed loop: each sends when it has its answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import cpu
from harness.closed_loop import Gets, Load, Orders, Quantiles, Result, drive
from harness.display import Live
from harness.errors import UncalibratedError
from harness.plenty import WON, units_for
from harness.scope import Effort
from harness.shop import Shop
from harness.stage import Stage
from scenarios.scenario import Product, Scenario, Shoppers, Size
from scenarios.shapes import Constant
from simulator.calibration import KINDS_OF_ANY_STRATEGY, kinds_of
from simulator.closed_loop import units_for as scarcity_for
from simulator.defaults import Settings
from simulator.observation import OPEN, Cpu, Kind, Observation, Timing
from simulator.strategies import Strategy

BESIDE_S = 1.0  # what a run takes beside its measured window: stock, tokens, the client's start, its warm-up
_PRODUCT = "calibration"
_SKU = f"{_PRODUCT}-270"
_SHOPPERS = 4_000
_STRANGERS = 30_000
_CLIENTS = 64
_CLIENTS_IN_BATCHES = 512  # who wait for the same few batches: fewer would leave the cores a rest
_WARM_UP_S = 0.4
_NEW_SHOP_S = 0.8  # until its code and its connections are as warm as after other runs
_ACQUAINTANCE_S = 0.8  # in which every token is seen once
_TRIES = 3  # of a run in which nothing should be left to sell
_NOTHING_LEFT: tuple[Kind, ...] = ("sold_out", "strangers")
_IN_WORDS: dict[Kind, str] = {
    "back_to_back": "orders, one after the other: {per_s}/s",
    "saturated": "orders of {clients} clients at once: {per_s}/s",
    "late": "orders, one after the other, when much is sold: {per_s}/s",
    "refused": "refusals, {clients} clients who want more than is left: {per_s}/s",
    "sold_out": "refusals, {clients} clients after the last unit: {per_s}/s",
    "strangers": "refusals of shoppers never seen before: {per_s}/s",
    "browse": "product pages, one after the other: {per_s}/s",
}


@dataclass(frozen=True)
class Run:
    """What one observation is made with: how many clients send what, to a shop with how many units."""

    kind: Kind
    clients: int
    duration_s: float
    units: int
    warm_up_s: float

    def told(self, per_s: float) -> str:
        """What came of it, in a line: so many orders or answers a second."""
        return _IN_WORDS[self.kind].format(clients=self.clients, per_s=f"{per_s:,.0f}")

    @property
    def restocked(self) -> bool:
        """Or: sells what the run before has left."""
        return self.kind != "late"

    def scenario(self) -> Scenario:
        return _scenario(self.units)

    @property
    def shoppers(self) -> int:
        return _STRANGERS if self.kind == "strangers" else _SHOPPERS

    def requests(self, shop: Shop, acquainted: Sequence[str], label: str) -> Gets | Orders:
        """What is sent; `acquainted` are the tokens that the shop has seen, after the first of its runs."""
        if self.kind == "browse":
            return Gets(path=f"/products/{_PRODUCT}")
        tokens = shop.tokens(_STRANGERS)[_SHOPPERS:] if self.kind == "strangers" else tuple(acquainted)
        return Orders(skus=(_SKU,), tokens=tokens, label=label, quantity=2 if self.kind == "refused" else 1)


def runs_of(strategy: Strategy, effort: Effort, settings: Settings, *, the_same_for_all: bool) -> list[Run]:
    """The runs of one strategy, and with them those that are the same for all strategies."""
    kinds = [kind for kind in kinds_of(strategy) if kind not in OPEN]
    return [
        run_of(kind, strategy, effort, settings)
        for kind in (*kinds, *(KINDS_OF_ANY_STRATEGY if the_same_for_all else ()))
    ]


def run_of(
    kind: Kind, strategy: Strategy, effort: Effort, settings: Settings, *, in_a_new_shop: bool = False
) -> Run:
    """A run of one kind; in a new shop after a longer warm-up, as none was before it."""
    most = _CLIENTS_IN_BATCHES if strategy.waits_for_others else _CLIENTS
    seconds = {"back_to_back": effort.back_to_back_s, "saturated": effort.saturated_s}
    clients = {"back_to_back": 1, "late": 1, "browse": 1, "saturated": most}
    duration_s = seconds.get(kind, effort.answers_s)
    warm_up_s = _ACQUAINTANCE_S if kind == "sold_out" else _WARM_UP_S
    warm_up_s += _NEW_SHOP_S * in_a_new_shop
    units = scarcity_for(kind, strategy, settings) or units_for(warm_up_s + duration_s)
    return Run(kind, clients.get(kind, _CLIENTS), duration_s, units, warm_up_s)


def observe(stage: Stage, shop: Shop, runs: Sequence[Run], logs: Path, live: Live) -> Iterator[Observation]:
    """One observation for each run, of a shop that is open, and stays so.

    Raises:
        UncalibratedError: the shop answered otherwise than it should.
        RunError: something died.
    """
    sold, acquainted = 0, shop.tokens(_SHOPPERS)
    for run in runs:
        sold = 0 if run.restocked else sold
        observation = _observe(stage, shop, run, acquainted, logs / "client.log", sold)
        sold += round(observation.per_s * (run.warm_up_s + run.duration_s))
        live(run.told(observation.per_s))
        yield observation


def _observe(
    stage: Stage, shop: Shop, run: Run, acquainted: Sequence[str], log: Path, sold: int
) -> Observation:
    """`sold`: what was, of this stock, before the run."""
    stage.check(shop)
    if run.restocked:
        shop.reset(run.scenario(), shoppers=run.shoppers)
    result, speeds = _driven(stage, shop, run, acquainted, log)
    _require_expected(run, result, shop)
    return Observation(
        kind=run.kind,
        strategy=shop.strategy.name,
        clients=run.clients,
        workers=stage.axes.workers,
        pool_size=stage.axes.pool_size,
        system_cores=len(stage.system_cores),
        duration_s=result.duration_s,
        answered=result.completed,
        bought=result.answers.get("201", 0),
        sold_before=sold + round(result.answers.get("201", 0) / result.duration_s * run.warm_up_s),
        latency_ms=_timing(result.latency_ms),
        spans_ms={name: _timing(quantiles) for name, quantiles in result.spans_ms.items()},
        cpu_s=Cpu(**result.cpu_s),
        machine_speeds=tuple(speeds),
    )


def _driven(
    stage: Stage, shop: Shop, run: Run, acquainted: Sequence[str], log: Path
) -> tuple[Result, list[float]]:
    """What came of the run, and how fast the machine was meanwhile.

    Where the last unit found its buyer late, since a hold on it was given up, all is sent again.
    """
    for trial in range(_TRIES):
        load = Load(
            url=shop.url,
            requests=run.requests(shop, acquainted, label=f"{run.kind}-{trial}"),
            clients=run.clients,
            duration_s=run.duration_s,
            warmup_s=run.warm_up_s,
            roles=stage.roles(shop),
        )
        with cpu.probing(stage.system_cores) as speeds:
            result = drive(load, cores=stage.generator_cores, log=log)
        if not (run.kind in _NOTHING_LEFT and "201" in result.answers):
            break
    return result, speeds


_ASKED_AND_EXPECTED: dict[Kind, tuple[str, set[str]]] = {
    "back_to_back": ("in stock", {"201"}),
    "saturated": ("in stock", {"201", "conflict"}),
    "late": ("in stock", {"201"}),
    "refused": ("short by one unit", {"sold_out"}),
    "sold_out": ("sold out", {"sold_out"}),
    "strangers": ("sold out", {"sold_out"}),
    "browse": ("on its pages", {"200"}),
}


def _require_expected(run: Run, result: Result, shop: Shop) -> None:
    asked, expected = _ASKED_AND_EXPECTED[run.kind]
    odd = {code: count for code, count in result.answers.items() if code not in expected}
    if odd:
        raise UncalibratedError(
            f"{shop.process.name} was asked for what is {asked}, and answered with "
            f"{', '.join(f'{code} {count:,} times' for code, count in odd.items())}; "
            f"expected {' or '.join(sorted(expected))}"
        )


def _timing(quantiles: Quantiles) -> Timing:
    return Timing.model_validate(quantiles.model_dump())


def _scenario(units: int) -> Scenario:
    """One SKU and rich shoppers. Nobody arrives by its schedule: the clients are a closed loop."""
    size = Size(size="270", units=units)
    return Scenario(
        name="calibration",
        summary="One hot SKU.",
        arrivals=Constant(shape="constant", per_s=1, duration_s=1),
        products=(Product(id=_PRODUCT, name="Calibration", price_won=1_000, sizes=(size,)),),
        shoppers=Shoppers(balance_won=WON),
    )

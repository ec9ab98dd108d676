"""Calibration: short runs against the real system, from which the model learns this machine.

What is sent does not depend on the scenario that is rehearsed: the demands of an order do not either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import stdev

from harness import cpu, machine
from harness.closed_loop import Gets, Load, Orders, Quantiles, Result, drive
from harness.display import Live, Step
from harness.errors import UncalibratedError
from harness.open_runs import RUN_S, OpenRuns, send
from harness.plenty import WON, units_for
from harness.scope import Effort
from harness.shop import Shop
from harness.stage import Stage
from reports.experiment import StrategyUnderTest
from scenarios.scenario import Product, Scenario, Shoppers, Size
from scenarios.shapes import Constant
from simulator.calibration import KINDS_OF_ANY_STRATEGY, fit, kinds_of
from simulator.closed_loop import units_for as scarcity_for
from simulator.defaults import Settings
from simulator.observation import OPEN, Cpu, Kind, Observation, Timing, save_observations
from simulator.profile import Profile
from simulator.strategies import Strategy, strategy_named

_PRODUCT = "calibration"
_SKU = f"{_PRODUCT}-270"
_SHOPPERS = 4_000
_STRANGERS = 30_000
_CLIENTS = 64
_CLIENTS_IN_BATCHES = 512  # who wait for the same few batches: fewer would leave the cores a rest
_WARM_UP_S = 0.4
_ACQUAINTANCE_S = 0.8  # in which every token is seen once
_TRIES = 3  # of a run in which nothing should be left to sell
_NOTHING_LEFT: tuple[Kind, ...] = ("sold_out", "strangers")
FIT_S = 4.0  # of one strategy
_START_S = 2.0  # of a shop
_BESIDE_S = 1.0  # what a run takes beside its measured window: stock, tokens, the client's start, its warm-up


def _turn_s(effort: Effort) -> float:
    """About how long one strategy takes in one round."""
    closed_s = _START_S + 4 * _BESIDE_S + effort.back_to_back_s + effort.saturated_s + 2 * effort.answers_s
    return closed_s + 2 * (RUN_S + effort.open_s)


@dataclass(frozen=True)
class _Run:
    """What one observation is made with: how many clients send what, to a shop with how many units."""

    kind: Kind
    clients: int
    duration_s: float
    units: int

    @property
    def restocked(self) -> bool:
        """Or: sells what the run before has left."""
        return self.kind != "late"

    def scenario(self) -> Scenario:
        return _scenario(self.units)

    @property
    def warmup_s(self) -> float:
        return _ACQUAINTANCE_S if self.kind == "sold_out" else _WARM_UP_S

    @property
    def shoppers(self) -> int:
        return _STRANGERS if self.kind == "strangers" else _SHOPPERS

    def requests(self, shop: Shop, acquainted: Sequence[str], label: str) -> Gets | Orders:
        """What is sent; `acquainted` are the tokens that the shop has seen, after the first of its runs."""
        if self.kind == "browse":
            return Gets(path=f"/products/{_PRODUCT}")
        tokens = shop.tokens(_STRANGERS)[_SHOPPERS:] if self.kind == "strangers" else tuple(acquainted)
        return Orders(skus=(_SKU,), tokens=tokens, label=label, quantity=2 if self.kind == "refused" else 1)


def _runs(strategy: Strategy, effort: Effort, settings: Settings, *, the_same_for_all: bool) -> list[_Run]:
    """The runs of one strategy, and with them those that are the same for all strategies."""
    most = _CLIENTS_IN_BATCHES if strategy.waits_for_others else _CLIENTS
    seconds = {"back_to_back": effort.back_to_back_s, "saturated": effort.saturated_s}
    clients = {"back_to_back": 1, "late": 1, "browse": 1, "saturated": most}

    def run(kind: Kind) -> _Run:
        duration_s = seconds.get(kind, effort.answers_s)
        units = scarcity_for(kind, strategy, settings) or units_for(_WARM_UP_S + duration_s)
        return _Run(kind, clients.get(kind, _CLIENTS), duration_s, units)

    kinds = [kind for kind in kinds_of(strategy) if kind not in OPEN]
    return [run(kind) for kind in (*kinds, *(KINDS_OF_ANY_STRATEGY if the_same_for_all else ()))]


@dataclass
class Calibration:
    """What was observed of the real system so far, and the profile that it makes.

    The work of a step raises `UncalibratedError` where no profile can come of it.
    """

    stage: Stage
    effort: Effort
    logs: Path
    observations: list[Observation] = field(default_factory=list)
    _open: dict[str, OpenRuns] = field(default_factory=dict)

    def observing(self, strategies: Sequence[StrategyUnderTest]) -> list[Step]:
        """Observe these strategies in turns, as often as there are rounds."""
        several = self.effort.rounds > 1
        return [
            Step(
                f"calibrating {strategy.name}" + (f", round {number + 1}" if several else ""),
                _turn_s(self.effort),
                partial(self._take_turn, strategy),
            )
            for number in range(self.effort.rounds)
            for strategy in strategies
        ]

    def _take_turn(self, strategy: StrategyUnderTest, live: Live) -> None:
        axes = self.stage.axes
        settings = Settings(workers=axes.workers, pool_size=axes.pool_size)
        is_first = not self.observations or self.observations[0].strategy == strategy.name
        runs = _runs(strategy_named(strategy.name), self.effort, settings, the_same_for_all=is_first)
        seen = list(_observe_all(self.stage, strategy, runs, self.logs, live))
        closed_per_s = next(one.per_s for one in seen if one.kind == "saturated")
        fresh = OpenRuns(partial(send, self.stage, strategy), self.effort.open_s, settings)
        shoppers = self._open.setdefault(strategy.name, fresh)
        self.observations += [*seen, *shoppers.observe(closed_per_s, live)]
        save_observations(self.observations, self.logs)

    def profile(self, *, only: str | None = None) -> Profile:
        """Fit the model: to all strategies that were observed, or to `only` this one as it was just now.

        Raises:
            UncalibratedError: a kind of observation is missing, or the model does not know a strategy.
        """
        try:
            return fit(
                self.observations,
                machine=machine.machine(self.stage.endpoints.versions).model_dump(),
                versions=machine.versions(),
                made_at=machine.now(),
                with_intervals=self.effort.with_intervals,
                only=only,
            )
        except ValueError as error:
            raise UncalibratedError(f"the model cannot be fitted to what was observed: {error}") from error


def calibration_steps(
    stage: Stage, strategies: Sequence[StrategyUnderTest], effort: Effort, *, profile: Path, logs: Path
) -> list[Step]:
    """What it takes to write a profile of these strategies: observe them in turns, then fit the model."""
    calibration = Calibration(stage, effort, logs)

    def fitting(live: Live) -> None:
        fitted = calibration.profile()
        fitted.save(profile)
        live(f"machine speed varies by {stdev(fitted.speeds):.0%}")

    fits = len(strategies) * (1 + effort.rounds * effort.with_intervals)
    return [*calibration.observing(strategies), Step("fitting the model", FIT_S * fits, fitting)]


def _observe_all(
    stage: Stage, strategy: StrategyUnderTest, runs: Sequence[_Run], logs: Path, live: Live
) -> Iterator[Observation]:
    """One observation for each run, all of one shop.

    Raises:
        UncalibratedError: the shop answered otherwise than it should, or the servers are not metered here.
        RunError: something died.
    """
    if not stage.metered:
        raise UncalibratedError(
            "calibration needs the CPU time of PostgreSQL and Redis, and cannot have it here; "
            "use --servers embedded or docker, on Linux"
        )
    log = logs / f"{strategy.name}.log"
    with cpu.confined_to(stage.generator_cores), stage.shop(strategy, log=log) as shop:
        sold, acquainted = 0, shop.tokens(_SHOPPERS)
        for run in runs:
            sold = 0 if run.restocked else sold
            observation = _observe(stage, shop, run, acquainted, logs / "client.log", sold)
            sold += round(observation.per_s * (run.warmup_s + run.duration_s))
            live(f"{run.kind.replace('_', ' ')}: {observation.per_s:,.0f}/s")
            yield observation


def _observe(
    stage: Stage, shop: Shop, run: _Run, acquainted: Sequence[str], log: Path, sold: int
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
        sold_before=sold + round(result.answers.get("201", 0) / result.duration_s * run.warmup_s),
        latency_ms=_timing(result.latency_ms),
        spans_ms={name: _timing(quantiles) for name, quantiles in result.spans_ms.items()},
        cpu_s=Cpu(**result.cpu_s),
        machine_speeds=tuple(speeds),
    )


def _driven(
    stage: Stage, shop: Shop, run: _Run, acquainted: Sequence[str], log: Path
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
            warmup_s=run.warmup_s,
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


def _require_expected(run: _Run, result: Result, shop: Shop) -> None:
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

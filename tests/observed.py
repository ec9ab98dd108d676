"""Observations of a machine of which every demand is known: the model itself."""

from __future__ import annotations

from functools import cache

from simulator.calibration import KINDS_OF_ANY_STRATEGY, fit, kinds_of
from simulator.closed_loop import ClosedLoop
from simulator.defaults import Settings
from simulator.observation import OPEN, Kind, Observation
from simulator.open_loop import OpenLoop
from simulator.profile import Demand, OrderDemands, Profile
from simulator.strategies import STRATEGIES
from tests.unit.profiles import small_machine

SETTINGS = Settings(pool_size=5)


def observe(strategy: str, kind: Kind, *, speed: float = 1.0, on: Profile | None = None) -> Observation:
    """A run of the model instead of the system."""
    profile = (on or machine()).model_copy(update={"speeds": (speed,)})
    if kind in OPEN:
        most = 1.1 * ClosedLoop("saturated", 64, SETTINGS).orders_per_s(STRATEGIES[strategy], machine())
        load = OpenLoop(kind, most if kind == "crowded" else most / 4, 1.5, SETTINGS)
        return load.look(STRATEGIES[strategy], profile).observation
    alone = kind in ("back_to_back", "late", "browse")
    many = 512 if STRATEGIES[strategy].waits_for_others and kind == "saturated" else 64
    closed = ClosedLoop(kind, 1 if alone else many, SETTINGS, entries=3_000 if kind == "late" else 0)
    observed = closed.observe(STRATEGIES[strategy], profile)
    return observed.model_copy(update={"sold_before": closed.entries})


@cache
def machine() -> Profile:
    """One on which a refusal takes less than an order."""
    profile = small_machine(speed=1.0, speed_spread=0.0)
    strategies = {
        name: demands.model_copy(update={"refusal": _times(0.7, demands.refusal)})
        for name, demands in profile.strategies.items()
    }
    return profile.model_copy(update={"strategies": strategies})


def _times(factor: float, demands: OrderDemands) -> OrderDemands:
    def scaled(demand: Demand) -> Demand:
        return Demand(**{name: value * factor for name, value in demand.model_dump().items()})

    return OrderDemands(
        accept_ms=demands.accept_ms * factor,
        stages={span: scaled(demand) for span, demand in demands.stages.items()},
        kept_answer=scaled(demands.kept_answer),
        respond_ms=demands.respond_ms * factor,
    )


@cache
def observations(*strategies: str) -> list[Observation]:
    observed = [observe(name, kind) for name in strategies for kind in kinds_of(STRATEGIES[name])]
    return [*observed, *(observe(strategies[0], kind) for kind in KINDS_OF_ANY_STRATEGY)]


def fitted(observed: list[Observation], *, with_intervals: bool = False, only: str | None = None) -> Profile:
    return fit(
        observed,
        machine={"cpu": "a small one"},
        versions={"simpy": "4"},
        made_at="2026-01-01",
        with_intervals=with_intervals,
        only=only,
    )

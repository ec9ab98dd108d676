"""A machine on which nothing takes any time but what is asked for, so that theory can be held to the rest."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.profile import Demand, GeneratorDemands, OrderDemands, Profile, StrategyDemands
from simulator.strategies import Strategy

_CORES = 10_000  # one for everybody


def weightless(strategy: Strategy, once: Mapping[str, Demand] | None = None, /, **stages: Demand) -> Profile:
    """Demands of the stages of an order, by span; `once`, of a message or batch. All others are 0."""
    spans = [stage.span for stage in strategy.all_stages]
    nothing = Demand()
    order = OrderDemands(
        accept_ms=0,
        stages={span: stages.get(span, nothing) for span in spans},
        kept_answer=nothing,
        respond_ms=0,
    )
    demands = StrategyDemands(
        order=order,
        refusal=order,
        once=dict.fromkeys(spans, nothing) | dict(once or {}),
        board_ms=0,
        wake_ms=0,
        cold_ms=0,
    )
    return Profile(
        made_at="2026-01-01T00:00:00+00:00",
        machine={"cpu": "weightless"},
        versions={},
        system_cores=_CORES,
        workers=1,
        pool_size=1,
        wire_ms=0,
        generator=GeneratorDemands(),
        speed=1,
        speeds=(1.0,),
        identify_ms=0,
        unevenness=0,
        speed_spread=0,
        browse=nothing,
        strategies={strategy.name: demands},
        fits={},
    )

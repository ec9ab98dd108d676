"""A profile for tests, like a small machine's, and runs on it."""

from __future__ import annotations

from typing import Any

from scenarios.record import Record
from scenarios.scenario import Scenario
from simulator.engine import Engine
from simulator.model import simulate
from simulator.profile import Demand, OrderDemands, Profile, StrategyDemands, Times
from simulator.strata import CENTRE, Stratum
from simulator.strategies import STRATEGIES, Step, Strategy
from simulator.variants import Variant

CONTROLS = ("no_lock", "check_then_decrement", "redis_lock")
QUEUED = [name for name, strategy in STRATEGIES.items() if strategy.consumer]
INEXACT = ("unit_rows", "bucketed_stock")  # they may leave units of which they said that they are sold out

_LIKE_A_SMALL_MACHINE = {
    Step.CONNECT: Demand(worker_ms=0.005),
    Step.READ: Demand(worker_ms=0.05, database_ms=0.06),
    Step.BEGIN: Demand(worker_ms=0.03, database_ms=0.01),
    Step.LOCK: Demand(worker_ms=0.04, database_ms=0.08),
    Step.PLACE: Demand(worker_ms=0.06, database_ms=0.25, flush_ms=0.05),
    Step.COMMIT: Demand(worker_ms=0.03, database_ms=0.05, flush_ms=0.05),
    Step.HOLD: Demand(worker_ms=0.09, redis_ms=0.03),
    Step.CONFIRM: Demand(worker_ms=0.09, redis_ms=0.02),
    Step.DISCONNECT: Demand(),
    Step.READ_FENCED: Demand(worker_ms=0.05, database_ms=0.1, flush_ms=0.05),
    Step.LOCK_UNITS: Demand(worker_ms=0.04, database_ms=0.08),
    Step.LOCK_NAMES: Demand(worker_ms=0.04, database_ms=0.05),
    Step.RESERVE: Demand(worker_ms=0.05, database_ms=0.1, entry_ms=0.0001),
    Step.LEASE: Demand(worker_ms=0.08, redis_ms=0.02),
    Step.LEASE_FENCED: Demand(worker_ms=0.08, redis_ms=0.02),
    Step.UNLEASE: Demand(worker_ms=0.08, redis_ms=0.02),
    Step.ENQUEUE: Demand(worker_ms=0.09, redis_ms=0.03),
    Step.LINE_UP: Demand(),
    Step.SEND: Demand(worker_ms=0.02, database_ms=0.15, flush_ms=0.05),
    Step.BATCH: Demand(worker_ms=0.03, database_ms=0.03),
    Step.JOURNAL: Demand(worker_ms=0.03, database_ms=0.03),
    Step.READ_INTAKE: Demand(),
    Step.READ_STREAM: Demand(),
    Step.DECIDE: Demand(consumer_ms=0.04, database_ms=0.05),
    Step.SETTLE: Demand(consumer_ms=0.08, redis_ms=0.02),
}
_FOR_ALL = {
    Step.SEND: Demand(worker_ms=0.1, database_ms=0.15),
    Step.BATCH: Demand(worker_ms=0.3, database_ms=0.5, flush_ms=0.05),
    Step.JOURNAL: Demand(worker_ms=0.15, database_ms=0.2, flush_ms=0.05),
    Step.READ_INTAKE: Demand(consumer_ms=0.05, database_ms=0.06),
    Step.READ_STREAM: Demand(consumer_ms=0.1, redis_ms=0.03),
    Step.DECIDE: Demand(consumer_ms=0.3, database_ms=0.5, flush_ms=0.05),
    Step.SETTLE: Demand(consumer_ms=0.1, redis_ms=0.03),
}


def small_machine(**changes: Any) -> Profile:
    """Demands like those of one core that everything shares; `changes` to the profile's fields."""
    fields = {
        "made_at": "2026-01-01T00:00:00+00:00",
        "machine": {"cpu": "a small one"},
        "versions": {},
        "system_cores": 1,
        "workers": 1,
        "pool_size": 5,
        "wire_ms": 0.02,
        "generator": {
            "tick_ms": 1.0,
            "send_ms": 0.04,
            "receive_ms": 0.03,
            "note_ms": 0.03,
            "cold_ms": 0.3,
        },
        "speed": 30.0,
        "speeds": (1.0,),
        "identify_ms": 0.04,
        "unevenness": 0.1,
        "speed_spread": 0.05,
        "browse": Demand(worker_ms=0.4, database_ms=0.1),
        "strategies": {name: _demands(strategy) for name, strategy in STRATEGIES.items()},
        "fits": {},
    }
    return Profile.model_validate(fields | changes)


def moody_machine(**changes: Any) -> Profile:
    """One whose core grows cold, that is not always as fast, and on which orders cost other than alone."""
    in_company = Times(worker=0.8, consumer=0.9, database=1.3, redis=1.1)
    strategies = {
        name: demands.model_copy(update={"cold_ms": 0.4, "in_company": in_company})
        for name, demands in small_machine().strategies.items()
    }
    return small_machine(strategies=strategies, speeds=(0.9, 1.2, 1.0), **changes)


def _demands(strategy: Strategy) -> StrategyDemands:
    order = OrderDemands(
        accept_ms=0.15,
        stages={stage.span: _LIKE_A_SMALL_MACHINE[stage.step] for stage in strategy.all_stages},
        kept_answer=Demand(worker_ms=0.05, database_ms=0.04),
        inquiry=Demand(worker_ms=0.2) if strategy.consumer else Demand(),
        respond_ms=0.06,
    )
    once = {stage.span: _FOR_ALL[stage.step] for stage in strategy.all_stages if stage.step in _FOR_ALL}
    return StrategyDemands(order=order, refusal=order, once=once, board_ms=0.05, wake_ms=0.015, cold_ms=0)


def one_sku(units: int, per_s: float, duration_s: float) -> Scenario:
    return Scenario.model_validate(
        {
            "name": "one_sku",
            "summary": "One SKU.",
            "arrivals": {"shape": "constant", "per_s": per_s, "duration_s": duration_s},
            "products": [
                {"id": "shoe", "name": "Shoe", "price_won": 1000, "sizes": [{"size": "1", "units": units}]}
            ],
        }
    )


def a_rush(**changes: object) -> Scenario:
    """Some 500 shoppers within a fifth of a second, with bots and mixed carts, for 40 pairs in two sizes."""
    sizes = [{"size": "270", "units": 25, "popularity": 3}, {"size": "280", "units": 15}]
    document = {
        "name": "a_rush",
        "summary": "A rush.",
        "arrivals": {"shape": "constant", "per_s": 2_500, "duration_s": 0.2},
        "products": [{"id": "shoe", "name": "Shoe", "price_won": 1_000, "sizes": sizes}],
        "cart": {"lines": [0.8, 0.2]},
        "shoppers": {"bots": {"share": 0.2}},
    }
    return Scenario.model_validate(document | changes)


def run(
    strategy: str,
    scenario: Scenario | None = None,
    profile: Profile | None = None,
    *,
    seed: int = 1,
    replication: int = 0,
    stratum: Stratum = CENTRE,
    workers: int = 1,
    pool_size: int = 5,
) -> Record:
    return simulate(
        scenario or a_rush(),
        strategy,
        profile or small_machine(),
        seed=seed,
        replication=replication,
        stratum=stratum,
        workers=workers,
        pool_size=pool_size,
    )


def a_variant(strategy: str, profile: Profile | None = None, *, engine: Engine = Engine.SIMPY) -> Variant:
    """The first run of a strategy in a rush."""
    return Variant(
        scenario=a_rush(),
        strategy=strategy,
        profile=profile or small_machine(),
        seed=3,
        replication=0,
        workers=1,
        pool_size=5,
        engine=engine,
    )


def the_record(record: Record, _: Variant) -> Record:
    """To `look` at all of a variant's run."""
    return record

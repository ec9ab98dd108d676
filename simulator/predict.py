"""Predictions: replications of the model, spread over the cores."""

from __future__ import annotations

from collections.abc import Sequence

from scenarios.record import Record
from scenarios.scenario import Scenario
from simulator.engine import Engine
from simulator.profile import Profile
from simulator.variants import Variant, play


def predict(
    scenario: Scenario,
    strategies: Sequence[str],
    profile: Profile,
    *,
    seed: int,
    replications: int,
    workers: int,
    pool_size: int,
    engine: Engine = Engine.SIMPY,
) -> dict[str, list[Record]]:
    """The records of `replications` runs under each strategy, in order.

    They depend on the arguments alone, not on how many cores there are. Replication k meets the same crowd,
    the same machine and the same work in each request under every strategy, so that a difference between two
    of them is theirs (common random numbers). The calibrated pace is the centre of theirs.

    Raises:
        ValueError: the model has no such strategy.
        ProfileError: the profile has no demands for one.
    """
    first = [
        Variant(
            scenario=scenario,
            strategy=name,
            profile=profile,
            seed=seed,
            replication=0,
            workers=workers,
            pool_size=pool_size,
            engine=engine,
        )
        for name in strategies
    ]
    variants = [variant for one in first for variant in one.replicated(replications)]
    records = list(play(variants, _record))
    return {
        name: records[number * replications : (number + 1) * replications]
        for number, name in enumerate(strategies)
    }


def _record(record: Record, _: Variant) -> Record:
    return record

"""Predictions: replications of the model, spread over the cores."""

from __future__ import annotations

from collections.abc import Sequence

from joblib import Parallel, cpu_count, delayed

from scenarios.record import Record
from scenarios.scenario import Scenario
from simulator.engine import Engine
from simulator.model import simulate
from simulator.profile import Profile
from simulator.strategies import strategy_named


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
    of them is theirs (common random numbers).

    Raises:
        ValueError: the model has no such strategy.
        ProfileError: the profile has no demands for one.
    """
    for name in strategies:
        profile.demands(strategy_named(name).name)
    if engine is Engine.COMPILED:
        from simulator.compiled import prepare  # here, as to load the compiler takes a second

        prepare()
    runs = [(name, replication) for name in strategies for replication in range(replications)]
    records = Parallel(n_jobs=max(1, min(cpu_count(), len(runs))))(
        delayed(simulate)(
            scenario,
            name,
            profile,
            seed=seed,
            replication=replication,
            workers=workers,
            pool_size=pool_size,
            engine=engine,
        )
        for name, replication in runs
    )
    return {
        name: records[number * replications : (number + 1) * replications]
        for number, name in enumerate(strategies)
    }

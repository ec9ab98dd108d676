"""Replications of crowds that are too large for records: their summaries, spread over the cores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from typing import NamedTuple

from scenarios.arrivals import generate
from scenarios.scenario import Scenario
from simulator.compiled import Summary, play
from simulator.cores import cores_for, prepare, spread
from simulator.defaults import Settings
from simulator.profile import Profile
from simulator.strategies import strategy_named

_AT_ONCE = 5  # runs that a process does with a crowd that it has drawn, at most
_TURNS = 8  # of each core, at least: else nobody hears for long how far it is


class Foreseen(NamedTuple):
    """What a run showed, without its record."""

    strategy: str
    replication: int
    summary: Summary


def foresee(
    scenario: Scenario,
    strategies: Sequence[str],
    profile: Profile,
    *,
    seed: int,
    replications: int,
    settings: Settings,
) -> Iterator[Foreseen]:
    """The summaries of `replications` runs under each strategy by the compiled engine, as they are done.

    For crowds whose records would be too many: of a million shoppers each has a gigabyte of them. The engine
    is compiled before this returns, and the runs begin when the first summary is asked for: who tells how
    long the rest will take measures runs alone.

    Raises:
        ValueError: the model has no such strategy.
        ProfileError: the profile has no demands for one.
    """
    for name in strategies:
        profile.demands(strategy_named(name).name)
    prepare()
    runs = [(name, replication) for replication in range(replications) for name in strategies]
    few = max(1, min(_AT_ONCE, len(runs) // (_TURNS * cores_for(len(runs)))))
    some = [runs[first : first + few] for first in range(0, len(runs), few)]
    foreseen = partial(_foreseen, scenario=scenario, profile=profile, seed=seed, settings=settings)
    return chain.from_iterable(spread(foreseen, some, in_order=False))


def _foreseen(
    runs: Sequence[tuple[str, int]], *, scenario: Scenario, profile: Profile, seed: int, settings: Settings
) -> list[Foreseen]:
    arrivals = generate(scenario, seed)
    foreseen, run = [], None
    for name, replication in runs:
        run = play(
            scenario,
            strategy_named(name),
            profile,
            arrivals=arrivals,
            replication=replication,
            settings=settings,
            after=run,
        )
        foreseen.append(Foreseen(name, replication, run.summary()))
    return foreseen

"""Replications of crowds that are too large for records: their summaries, spread over the cores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

from scenarios.arrivals import generate
from scenarios.scenario import Scenario
from simulator.compiled import Run, Summary, play
from simulator.cores import prepare, spread
from simulator.defaults import Settings
from simulator.profile import Profile
from simulator.strata import Stratum, strata
from simulator.strategies import strategy_named


class _Which(NamedTuple):
    strategy: str
    replication: int
    stratum: Stratum


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
    runs = [
        _Which(name, replication, stratum)
        for replication, stratum in enumerate(strata(replications, seed))
        for name in strategies
    ]
    foreseen = partial(_foreseen, scenario=scenario, profile=profile, seed=seed, settings=settings)
    return spread(foreseen, runs, in_order=False)


_crowd = lru_cache(maxsize=1)(generate)
"""What this process draws once for all of its runs."""

_finished: list[Run] = []
"""Runs of this process, whose memory others use again: to find a gigabyte anew takes as long as a run."""


def _foreseen(
    which: _Which, *, scenario: Scenario, profile: Profile, seed: int, settings: Settings
) -> Foreseen:
    run = play(
        scenario,
        strategy_named(which.strategy),
        profile,
        arrivals=_crowd(scenario, seed),
        replication=which.replication,
        stratum=which.stratum,
        settings=settings,
        after=_finished.pop() if _finished else None,
    )
    summary = run.summary()
    _finished.append(run)
    return Foreseen(which.strategy, which.replication, summary)

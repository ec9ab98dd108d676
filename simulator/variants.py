"""Many different runs of the model, spread over the cores; of each only what is asked for is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from scenarios.record import Record
from scenarios.scenario import Scenario
from simulator.cores import prepare, spread
from simulator.engine import Engine
from simulator.model import simulate
from simulator.profile import Profile
from simulator.strata import CENTRE, Stratum, strata
from simulator.strategies import strategy_named

Look = TypeVar("Look")

_CROWDS_APART = 32  # bits: whoever asks again with the next seed shares no crowd


@dataclass(frozen=True)
class Variant:
    """One run of the model: what happens, under which strategy, on what machine.

    Two variants with the same seed, replication and stratum are given the same random numbers, as far as they
    ask for the same: what differs between their runs is then due to what differs between them.
    """

    scenario: Scenario
    strategy: str
    profile: Profile
    seed: int
    replication: int
    workers: int
    pool_size: int
    engine: Engine
    stratum: Stratum = CENTRE

    def replicated(self, times: int, first: int = 0) -> list[Variant]:
        """So many replications of it, numbered from `first` on; the calibrated pace is the centre of theirs.

        A batch is stratified by itself: so are several of them together.
        """
        return [
            replace(self, replication=number, stratum=stratum)
            for number, stratum in enumerate(strata(times, self.seed, first), start=first)
        ]

    def replicated_over_crowds(self, times: int) -> list[Variant]:
        """The same, each with a crowd of its own; the first has that of the seed."""
        return [
            replace(run, seed=(self.seed + (run.replication << _CROWDS_APART)) % 2**64)
            for run in self.replicated(times)
        ]

    def run(self) -> Record:
        """The record of it."""
        return simulate(
            self.scenario,
            self.strategy,
            self.profile,
            seed=self.seed,
            replication=self.replication,
            stratum=self.stratum,
            workers=self.workers,
            pool_size=self.pool_size,
            engine=self.engine,
        )


def play(variants: Sequence[Variant], look: Callable[[Record, Variant], Look]) -> Iterator[Look]:
    """What `look` sees in the record of each variant, in order; the record is dropped where it was made.

    Args:
        look: a function of a module, which another process can import.

    Raises:
        ValueError: the model has no such strategy.
        ProfileError: a profile has no demands for one.
    """
    for name, profile in {variant.strategy: variant.profile for variant in variants}.items():
        profile.demands(strategy_named(name).name)
    if any(variant.engine is Engine.COMPILED for variant in variants):
        prepare()
    yield from spread(partial(_seen, look=look), variants)


def _seen(variant: Variant, look: Callable[[Record, Variant], Look]) -> Look:
    return look(variant.run(), variant)

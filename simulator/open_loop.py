"""Shoppers who come at a steady rate, whatever becomes of those before them; and what they show.

Measured or modelled, it is seen in the record of the run, by one code.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from scenarios.arrivals import generate
from scenarios.history import Outcome
from scenarios.record import Record
from scenarios.steady import hot_sku
from simulator.defaults import Settings
from simulator.observation import GeneratorSeen, Kind, Observation, Seen, Timing
from simulator.profile import Profile
from simulator.stations import HALF_COLD_S
from simulator.strategies import Strategy
from simulator.window import Window, spans_ms

SEED = 1
"""Of the crowd: the model meets the same as the system did."""

SEEN = 0.7
"""The share of a run that is looked at: the last. Until then it becomes what it will be."""


@dataclass(frozen=True)
class OpenLoop:
    """So many orders a second of one SKU, for so long."""

    kind: Kind
    per_s: float
    duration_s: float
    settings: Settings

    def look(self, strategy: Strategy, profile: Profile) -> Seen:
        """What the model does."""
        from simulator.compiled import play  # here, as to load the compiler takes a second

        scenario = hot_sku(self.per_s, self.duration_s)
        run = play(
            scenario,
            strategy,
            profile,
            arrivals=generate(scenario, SEED),
            replication=0,
            settings=self.settings,
        )
        seen = self.observed(run.record(), strategy.name)
        counted = seen.answered / run.memory.world["attempts_used"]
        return Seen(seen, {span: count * counted for span, count in run.batches().items()})

    @property
    def _window(self) -> Window:
        return Window((1 - SEEN) * self.duration_s, self.duration_s)

    def observed(self, record: Record, strategy: str) -> Observation:
        """What a run showed between its beginnings and the last arrival."""
        answered, conditions = self._window.answered(record.history), record.conditions
        bought = answered.filter(pl.col("outcome") == Outcome.BOUGHT)
        return Observation(
            kind=self.kind,
            strategy=strategy,
            clients=0,
            offered_per_s=self.per_s,
            workers=conditions.workers,
            pool_size=conditions.pool_size,
            system_cores=conditions.system_cores,
            duration_s=self._window.duration_s,
            answered=len(answered),
            bought=len(bought),
            latency_ms=Timing.of((bought["done_s"] - bought["intended_s"]).to_numpy() * 1e3),
            spans_ms=spans_ms(bought),
            cpu_s=self._window.cpu_s(conditions.samples),
            machine_speeds=(conditions.machine_speed,),
            generator=_generator(record),
        )


def _generator(record: Record) -> GeneratorSeen:
    """What its core was used for an attempt, and how much of the coldness that a long rest leaves it had."""
    history, samples = record.history, record.conditions.samples
    used_s = Window(0.0, samples[-1].at_s).used_s(samples, "generator")
    jobs_s = np.sort(np.concatenate([history["sent_s"].to_numpy(), history["done_s"].to_numpy()]))
    rests_s = np.maximum(np.diff(jobs_s) - used_s / len(jobs_s), 0.0)
    return GeneratorSeen(
        cpu_ms=used_s / len(history) * 1e3,
        rested=float(np.sum(rests_s / (rests_s + HALF_COLD_S))) / len(history),
    )

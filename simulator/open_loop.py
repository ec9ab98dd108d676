"""Shoppers who come at a steady rate, whatever becomes of those before them; and what they show.

Measured or modelled, it is seen in the record of the run, by one code.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from scenarios.arrivals import generate
from scenarios.conditions import Sample
from scenarios.history import Outcome
from scenarios.record import Record
from scenarios.steady import hot_sku
from simulator.defaults import Settings
from simulator.observation import Cpu, GeneratorSeen, Kind, Observation, Seen, Timing
from simulator.profile import Profile
from simulator.stations import HALF_COLD_S, ROLES
from simulator.strategies import Strategy

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

    def observed(self, record: Record, strategy: str) -> Observation:
        """What a run showed between its beginnings and the last arrival."""
        since_s, until_s = (1 - SEEN) * self.duration_s, self.duration_s
        answered = record.history.filter(pl.col("done_s").is_between(since_s, until_s))
        bought = answered.filter(pl.col("outcome") == Outcome.BOUGHT)
        samples, conditions = record.conditions.samples, record.conditions
        used_s = {role: _used_s(samples, role, since_s, until_s) for role in ROLES}
        return Observation(
            kind=self.kind,
            strategy=strategy,
            clients=0,
            offered_per_s=self.per_s,
            workers=conditions.workers,
            pool_size=conditions.pool_size,
            system_cores=conditions.system_cores,
            duration_s=until_s - since_s,
            answered=len(answered),
            bought=len(bought),
            latency_ms=Timing.of((bought["done_s"] - bought["intended_s"]).to_numpy() * 1e3),
            spans_ms={
                str(name): Timing.of(rows["ms"].to_numpy())
                for (name,), rows in bought.select("spans")
                .explode("spans")
                .unnest("spans")
                .drop_nulls()
                .group_by("name")
            },
            cpu_s=Cpu(**used_s),
            machine_speeds=(conditions.machine_speed,),
            generator=_generator(record),
        )


def _used_s(samples: tuple[Sample, ...], role: str, since_s: float, until_s: float) -> float:
    """CPU seconds of a role between two moments."""
    at_s = np.array([0.0, *(one.at_s for one in samples)])
    used_s = np.cumsum(
        [0.0, *(getattr(one, role) * took_s for one, took_s in zip(samples, np.diff(at_s), strict=True))]
    )
    since, until = np.interp([since_s, until_s], at_s, used_s).tolist()
    return float(until - since)


def _generator(record: Record) -> GeneratorSeen:
    """What its core was used for an attempt, and how much of the coldness that a long rest leaves it had."""
    history, samples = record.history, record.conditions.samples
    used_s = _used_s(samples, "generator", 0.0, samples[-1].at_s)
    jobs_s = np.sort(np.concatenate([history["sent_s"].to_numpy(), history["done_s"].to_numpy()]))
    rests_s = np.maximum(np.diff(jobs_s) - used_s / len(jobs_s), 0.0)
    return GeneratorSeen(
        cpu_ms=used_s / len(history) * 1e3,
        rested=float(np.sum(rests_s / (rests_s + HALF_COLD_S))) / len(history),
    )

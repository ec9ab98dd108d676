"""Whole runs: their folders, as an experiment leaves them before the report, and the judgement on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from reports.assembly import assemble
from reports.experiment import Experiment, measured_folder, predicted_folder
from reports.findings import Runs, examine
from reports.replications import Replications
from reports.summary import Summary
from reports.thresholds import Threshold
from scenarios.record import Record
from tests.unit.shop_runs import SCENARIO, Request, conditions, play, rush, with_row

CONTROL, SAFE = "no_lock", "conditional_update"


def experiment(*, repeats: int = 1, replications: int = 1, **changes: Any) -> Experiment:
    """An experiment with a control and a safe strategy."""
    return Experiment.model_validate(
        {
            "id": "a-run",
            "started_at": "2025-11-21T10:00:00+00:00",
            "command": "dropday loadtest --scenario two_sizes --seed 7",
            "scenario": SCENARIO,
            "seed": 7,
            "strategies": [
                strategy(CONTROL, safe=False),
                strategy(SAFE),
            ],
            "repeats": repeats,
            "replications": replications,
            "order_of_runs": [],
            "workers": 1,
            "pool_size": 5,
            "system_cores": [0],
            "generator_cores": [1],
            "servers": "embedded",
            "profile": "a_profile",
            "machine": {"cpu": "A CPU", "cores": 2, "memory_gib": 8, "os": "Linux", "python": "3.11.9"},
            "versions": {"fastapi": "0.1"},
            "git": {"commit": "c0ffee", "dirty": False},
        }
        | changes
    )


def strategy(name: str, *, safe: bool = True, ack: str = "committed", **more: object) -> dict[str, object]:
    """A strategy as the system describes itself."""
    return {"name": name, "safe": safe, "ack": ack, "redis": "none", "exact": True} | more


def oversold() -> Record:
    """What the control leaves: the same rush, with two more buyers of the last pair served."""
    late = [Request(shopper, {"shoe-280": 1}, 0.01, 0.017, 0.03) for shopper in (20, 21)]
    return play([*rush(), *late], guarded=False)


def save_run(
    folder: Path,
    plan: Experiment,
    records: Mapping[str, Record] | None = None,
    *,
    predicted: Record | None = None,
) -> Path:
    """A run's folder: `records` by strategy for every repeat, the same for the model unless `predicted`."""
    plan.save(folder)
    of_strategy = {CONTROL: oversold(), SAFE: play(rush())} | dict(records or {})
    for strategy in plan.strategies:
        record = of_strategy[strategy.name]
        for repeat in range(plan.repeats):
            record.save(measured_folder(folder, strategy.name, repeat))
        if plan.replications_of(strategy.name):
            foreseen = examine(predicted or record, plan.scenario, exact=strategy.exact)
            several = Replications.of([foreseen] * plan.replications)
            several.save(predicted_folder(folder, strategy.name))
    return folder


OVERSOLD = oversold()
SOUND = play(rush())
UNGUARDED = with_row(play(rush()), "stock", 0, initial=2)


def judged(
    *thresholds: Mapping[str, Any] | Threshold,
    control: Record | None = OVERSOLD,
    safe: Record = SOUND,
    predicted: bool = False,
    sells_out: bool = True,
) -> Summary:
    """The summary of a run of the control, if there is one, and of a safe strategy."""
    plan = experiment(repeats=0 if predicted else 1, replications=1 if predicted else 0)
    records = {CONTROL: control, SAFE: safe} if control else {SAFE: safe}
    strategies = tuple(strategy for strategy in plan.strategies if strategy.name in records)
    found = {name: [examine(record, SCENARIO, exact=True)] for name, record in records.items()}
    runs = {name: Runs([], one) if predicted else Runs(one, []) for name, one in found.items()}
    bounds = [one if isinstance(one, Threshold) else threshold(**one) for one in thresholds]
    scenario = SCENARIO.model_copy(update={"sells_out": sells_out})
    changes = {"strategies": strategies, "scenario": scenario}
    return assemble(plan.model_copy(update=changes), runs, bounds)


def threshold(**changes: Any) -> Threshold:
    return Threshold.model_validate(
        {"metric": "measured.peak_in_system", "strategies": ["safe"], "reason": "It must."} | changes
    )


def too_late(record: Record) -> Record:
    return replace(record, conditions=conditions(lateness_p99_ms=900.0))

"""An experiment: in which order its runs come, and the steps that they take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.display import Live, Step
from harness.measuring import measure
from harness.rehearsal import Rehearsal
from harness.stage import Stage
from reports.audit import audit
from reports.experiment import PlannedRun, StrategyUnderTest, measured_folder
from reports.validity import reasons_against
from scenarios.record import Record

_BESIDE_THE_RUN_S = 5.0  # start, warm-up, drain, books


def order_of_runs(strategies: Sequence[StrategyUnderTest], repeats: int) -> tuple[PlannedRun, ...]:
    """Every strategy in every repeat, each repeat begun at the next one: a slow minute hits them in turn."""
    names = [strategy.name for strategy in strategies]
    return tuple(
        PlannedRun(strategy=name, repeat=repeat)
        for repeat in range(repeats)
        for turn in [repeat % len(names)]
        for name in names[turn:] + names[:turn]
    )


def measuring_steps(
    stage: Stage,
    rehearsal: Rehearsal,
    strategies: Sequence[StrategyUnderTest],
    runs: Sequence[PlannedRun],
    folder: Path,
) -> list[Step]:
    """Measure each of `runs` of the `strategies`, in this order, into the experiment's `folder`."""
    repeats = 1 + max(run.repeat for run in runs)
    by_name = {strategy.name: strategy for strategy in strategies}

    def step(run: PlannedRun) -> Step:
        title = f"measuring {run.strategy}" + (f", repeat {run.repeat + 1}" if repeats > 1 else "")
        strategy, place = by_name[run.strategy], measured_folder(folder, run.strategy, run.repeat)
        return Step(
            title,
            rehearsal.scenario.duration_s + _BESIDE_THE_RUN_S,
            lambda live: measure_on_time(stage, rehearsal, strategy, place, live),
        )

    return [step(run) for run in runs]


def measure_on_time(
    stage: Stage, rehearsal: Rehearsal, strategy: StrategyUnderTest, folder: Path, live: Live
) -> None:
    """Measure a run into `folder`; once more where the generator did not keep its schedule.

    A slow second of a busy machine is not worth the whole rehearsal. That there was one stays on record. But
    what a safe strategy did wrong counts however late the generator was: such a run is kept.

    Raises:
        RunError: something died, hung, or did not come to rest.
    """
    measure(stage, rehearsal, strategy, folder, live)
    record = Record.load(folder)
    reasons = reasons_against(record, rehearsal.scenario)
    if not reasons or (strategy.safe and _has_failed(record, rehearsal, strategy)):
        return
    live("once more: " + "; ".join(reasons))
    measure(stage, rehearsal, strategy, folder, live)
    record = Record.load(folder)
    replaced = record.conditions.model_copy(update={"instead_of": tuple(reasons)})
    replace(record, conditions=replaced).save(folder)
    live("measured again after " + "; ".join(reasons))


def _has_failed(record: Record, rehearsal: Rehearsal, strategy: StrategyUnderTest) -> bool:
    return audit(record, rehearsal.scenario, exact=strategy.exact).verdict == "fail"

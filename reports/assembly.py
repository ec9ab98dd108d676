"""Puts the summary of an experiment together from what each of its runs came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports import gate, validity
from reports.audit import merge
from reports.comparison import prediction_errors
from reports.experiment import Experiment, StrategyUnderTest
from reports.findings import Findings, Runs
from reports.headline import headline
from reports.metrics import aggregate
from reports.shapes import Aggregate
from reports.summary import Control, RunFacts, StrategySummary, Summary
from reports.thresholds import Threshold
from reports.wording import in_units, names


def assemble(experiment: Experiment, runs: Mapping[str, Runs], thresholds: Sequence[Threshold]) -> Summary:
    """The summary of an experiment.

    Args:
        runs: the findings of each strategy of the experiment, by its name.

    Raises:
        ThresholdsError: a threshold cannot be judged by.
    """
    strategies = tuple(_strategy(strategy, runs[strategy.name]) for strategy in experiment.strategies)
    control = _control(strategies)
    judgements = gate.judge(strategies, control, experiment.scenario, thresholds)
    verdict = gate.verdict(judgements)
    return Summary(
        verdict=verdict.name,
        exit_code=verdict.exit_code,
        headline=headline(verdict.name, strategies, experiment.scenario),
        reasons=tuple(one.sentence for one in gate.findings(judgements)),
        scenario=experiment.scenario,
        seed=experiment.seed,
        machine=experiment.machine,
        git=experiment.git,
        run=RunFacts.model_validate(experiment.model_dump(include=set(RunFacts.model_fields))),
        control=control,
        strategies=strategies,
        thresholds=tuple(judgements),
    )


def _strategy(strategy: StrategyUnderTest, runs: Runs) -> StrategySummary:
    measured = aggregate([run.metrics for run in runs.measured]) if runs.measured else None
    predicted = _predicted(runs.predicted) if runs.predicted else None
    return StrategySummary(
        name=strategy.name,
        safe=strategy.safe,
        ack=strategy.ack,
        redis=strategy.redis,
        exact=strategy.exact,
        validity=validity.judge(
            [run.invalid for run in runs.measured], [run.instead_of for run in runs.measured]
        ),
        audit=merge([run.audit for run in runs.measured or runs.predicted]),
        measured=measured,
        predicted=predicted,
        prediction_error=prediction_errors(measured, predicted),
    )


def _predicted(replications: Sequence[Findings]) -> Aggregate:
    """The means of the model's runs, with intervals for one of the system."""
    return aggregate([run.metrics for run in replications], replications[0].misfits)


def _control(strategies: Sequence[StrategySummary]) -> Control:
    controls = [strategy for strategy in strategies if not strategy.safe]
    guilty = [control for control in controls if control.figures.units.oversold]
    if guilty:
        what = names([f"{one.name} oversold {in_units(one.figures.units.oversold)}" for one in guilty])
        return Control(verdict="pass", why=f"{what}; the others were in the same danger")
    if controls:
        who = names([control.name for control in controls])
        return Control(verdict="unknown", why=f"{who} oversold nothing, so the run was not dangerous enough")
    return Control(verdict="unknown", why="no control took part, so nothing shows that the run was dangerous")

"""Predictions: the model's replications of an experiment, in the same shape as what is measured."""

from __future__ import annotations

from pathlib import Path

from harness.display import Live, Step
from reports.experiment import Experiment, predicted_folder
from simulator import profile as profiles
from simulator.predict import predict

_ARRIVAL_S = 6e-5  # of simulating, on two cores


def prediction_steps(experiment: Experiment, profile: str | Path, run: Path) -> list[Step]:
    """Write a record for every strategy and replication of `experiment` into its folder `run`.

    Args:
        profile: its name or the path of its file, which an earlier step may still have to write.
    """

    expected_s = experiment.replications * experiment.scenario.arrivals.expected * _ARRIVAL_S

    def step(strategy: str) -> Step:
        def work(_: Live) -> None:
            records = predict(
                experiment.scenario,
                [strategy],
                profiles.load(profile),
                seed=experiment.seed,
                replications=experiment.replications,
                workers=experiment.workers,
                pool_size=experiment.pool_size,
            )
            for replication, record in enumerate(records[strategy]):
                record.save(predicted_folder(run, strategy, replication))

        return Step(f"predicting {strategy}", expected_s, work)

    return [step(strategy.name) for strategy in experiment.strategies]

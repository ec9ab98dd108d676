"""Predictions: what the model knows, and its replications in the shape of what is measured."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from harness.calibrations.fingerprint import versions_to_compare
from harness.display import Live, Step
from harness.errors import UsageError
from reports.experiment import Experiment, StrategyUnderTest, predicted_folder
from reports.findings import Findings, examine
from reports.replications import Replications
from scenarios.record import Record
from simulator import profile as profiles
from simulator.cautions import cautions, fit_check
from simulator.engine import Engine
from simulator.profile import Profile
from simulator.strategies import STRATEGIES
from simulator.variants import Variant, play

# Of simulating one arrival, on two cores; most of it, where the engine is compiled, to examine its record.
_ARRIVAL_S = {Engine.SIMPY: 1.5e-4, Engine.COMPILED: 7e-6}


def modelled(strategies: Sequence[StrategyUnderTest]) -> tuple[StrategyUnderTest, ...]:
    """Those that the model knows."""
    return tuple(strategy for strategy in strategies if strategy.name in STRATEGIES)


def only_modelled(strategies: Sequence[StrategyUnderTest], console: Console) -> tuple[StrategyUnderTest, ...]:
    """Those that the model knows; of the others the screen tells in one line.

    Raises:
        UsageError: the model knows none of them.
    """
    known = modelled(strategies)
    left_out = ", ".join(strategy.name for strategy in strategies if strategy not in known)
    if not known:
        raise UsageError(f"the model does not know {left_out}; expected some of {', '.join(STRATEGIES)}")
    if left_out:
        console.print(f"Left out, as the model does not know them: {left_out}.", highlight=False)
    return known


def with_doubts(experiment: Experiment, profile: Profile) -> Experiment:
    """The experiment with what its page has to tell of the profile that it was predicted with."""
    return experiment.model_copy(
        update={
            "cautions": cautions(
                profile,
                experiment.scenario,
                workers=experiment.workers,
                pool_size=experiment.pool_size,
                machine=experiment.machine.model_dump(),
                versions=versions_to_compare(profile),
            ),
            "fit_check": fit_check(profile.fits),
        }
    )


def prediction_steps(experiment: Experiment, profile: str | Path, run: Path, engine: Engine) -> list[Step]:
    """Write what the replications of every strategy of `experiment` come to into its folder `run`.

    Replication k meets the same crowd, the same machine and the same work in each request under every
    strategy, so that a difference between two of them is theirs (common random numbers).

    Args:
        profile: its name or the path of its file, which an earlier step may still have to write.
    """
    expected_s = experiment.replications * experiment.scenario.arrivals.expected * _ARRIVAL_S[engine]

    def step(strategy: StrategyUnderTest) -> Step:
        def work(_: Live) -> None:
            first = Variant(
                scenario=experiment.scenario,
                strategy=strategy.name,
                profile=profiles.load(profile),
                seed=experiment.seed,
                replication=0,
                workers=experiment.workers,
                pool_size=experiment.pool_size,
                engine=engine,
            )
            runs = play(first.replicated(experiment.replications), partial(examined, exact=strategy.exact))
            Replications.of(runs).save(predicted_folder(run, strategy.name))

        return Step(f"predicting {strategy.name}", expected_s, work)

    return [step(one) for one in experiment.strategies if experiment.replications_of(one.name)]


def examined(record: Record, variant: Variant, *, exact: bool) -> Findings:
    """What is kept of a replication; `exact`: see `reports.audit.audit`."""
    return examine(record, variant.scenario, exact=exact)

"""The command line: parses, calls, and ends with an exit code.

0 pass · 1 a threshold or an invariant failed · 2 wrong usage · 3 invalid or unknown · 130 stopped by Ctrl-C

A command imports what it needs when it is called: `--help` does not wait for NumPy and its like.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from harness import ask, options
from harness.commands.bench import bench
from harness.commands.calibrate import calibrate
from harness.commands.foresee import foresee
from harness.commands.race import race
from harness.commands.serve import serve
from harness.exits import Commands
from harness.options import (
    AxesOption,
    CrowdOption,
    DaskOption,
    EngineOption,
    ProfileFileOption,
    RepeatsOption,
    RunArgument,
    RunsOption,
    ScenarioOption,
    SeedOption,
    ServersOption,
    StrategiesOption,
    ThresholdsOption,
)
from harness.scope import REPLICATIONS
from harness.selfcheck import selfcheck
from harness.typed import typed
from simulator.engine import Engine

if TYPE_CHECKING:
    from reports.summary import Summary
    from scenarios.scenario import Scenario

app = typer.Typer(
    cls=Commands,
    help="Rehearse a product drop before it happens.",
    epilog="Exit codes: 0 pass, 1 a threshold or an invariant failed, 2 wrong usage, 3 invalid or unknown.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command(epilog="Example: dropday loadtest --profile smoke --strategies no_lock,redis_hold --seed 7")
def loadtest(
    *,
    scenario: ScenarioOption = "sneaker_drop",
    profile: Annotated[
        Literal["smoke", "standard"], typer.Option("--profile", help="How much of it, and how often.")
    ] = "standard",
    strategies: StrategiesOption = options.STRATEGIES,
    seed: SeedOption = 1,
    repeats: RepeatsOption = None,
    time_scale: Annotated[float | None, options.TIME_SCALE] = None,
    crowd: CrowdOption = 1.0,
    predict: Annotated[
        bool, typer.Option("--predict/--no-predict", help="Calibrate the model and let it predict first.")
    ] = True,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Anew, even where a kept calibration still holds.")
    ] = False,
    engine: EngineOption = Engine.COMPILED,
    servers: ServersOption = "embedded",
    thresholds: ThresholdsOption = options.THRESHOLDS,
    settings: AxesOption = None,
    runs: RunsOption = options.RUNS,
) -> None:
    """Rehearse a drop on real servers: calibrate or check, predict, measure, report and judge."""
    from harness.axes import Axes
    from harness.errors import UsageError
    from harness.loadtest import LoadTest
    from harness.rehearsal import Rehearsal
    from harness.scope import SCOPES
    from harness.strategies import choose, known

    if calibrate and not predict:
        raise UsageError("--calibrate with --no-predict: nothing would use the calibration; leave one out")
    scope = SCOPES[profile]
    scope = replace(
        scope,
        repeats=scope.repeats if repeats is None else repeats,
        time_scale=scope.time_scale if time_scale is None else time_scale,
        replications=scope.replications if predict else 0,
    )
    rehearsal = Rehearsal.of(scenario, scope.time_scale, seed, crowd)
    _check(thresholds, rehearsal.scenario, Path(scenario))
    axes = Axes.of(settings or ())
    axes.require_workable(rehearsal.scenario)
    test = LoadTest(
        rehearsal=rehearsal,
        strategies=choose(strategies, known()),
        scope=scope,
        servers=servers,
        axes=axes,
        engine=engine,
        bounds=thresholds,
        runs=runs,
        command=typed(),
        calibrate=calibrate,
    )
    console = Console()
    raise typer.Exit(_show(*test.run(console), console))


@app.command(epilog="Example: dropday simulate --scenario sneaker_drop --strategies all --seed 7")
def simulate(
    *,
    scenario: ScenarioOption = "sneaker_drop",
    strategies: StrategiesOption = options.STRATEGIES,
    profile_file: ProfileFileOption = None,
    seed: SeedOption = 1,
    replications: Annotated[
        int, typer.Option("--replications", min=1, max=1000, help="Predicted runs of each strategy.")
    ] = REPLICATIONS,
    time_scale: Annotated[float, options.TIME_SCALE] = 1.0,
    crowd: CrowdOption = 1.0,
    engine: EngineOption = Engine.COMPILED,
    questions: Annotated[
        str,
        typer.Option("--ask", metavar="NAMES", help="all, none or some of `dropday ask`, commas between."),
    ] = "all",
    thresholds: ThresholdsOption = options.THRESHOLDS,
    settings: AxesOption = None,
    dask: DaskOption = None,
    runs: RunsOption = options.RUNS,
) -> None:
    """Foresee a drop with the model alone, without any server, and answer what an architect asks."""
    from harness.axes import Axes
    from harness.calibrations.chosen import choose_profile
    from harness.cluster import spread_over
    from harness.simulation import Simulation
    from harness.strategies import choose, known
    from scenarios.scenario import load

    drop = load(scenario).scaled(time_scale).crowded(crowd)
    _check(thresholds, drop, Path(scenario))
    axes = Axes.of(settings or ())
    axes.require_modelled()
    chosen, console = choose(strategies, known()), Console()
    profile = choose_profile(profile_file, chosen, axes, console)
    simulation = Simulation(
        scenario=drop,
        strategies=chosen,
        profile=profile.name,
        seed=seed,
        replications=replications,
        axes=axes,
        engine=engine,
        bounds=thresholds,
        runs=runs,
        command=typed(*profile.options),
        questions=ask.chosen(questions),
    )
    with spread_over(dask, console):
        summary, folder = simulation.run(console)
    raise typer.Exit(_show(summary, folder, console))


app.command(epilog="Example: dropday calibrate --check")(calibrate)


@app.command(epilog="Example: dropday validate --profile smoke --strategies pessimistic_lock,redis_hold")
def validate(
    *,
    profile: Annotated[
        Literal["smoke", "standard"], typer.Option("--profile", help="How much of it, and how often.")
    ] = "standard",
    strategies: StrategiesOption = "all",
    seed: SeedOption = 101,
    repeats: RepeatsOption = None,
    servers: ServersOption = "embedded",
    settings: AxesOption = None,
    dask: DaskOption = None,
    runs: RunsOption = options.RUNS,
) -> None:
    """Hold the model to runs that it has not seen: calibrate, predict, then measure and compare."""
    from harness.axes import Axes
    from harness.cluster import spread_over
    from harness.predictions import only_modelled
    from harness.strategies import choose, known
    from harness.validation import SCOPES, ValidationRun
    from reports import console as screen

    axes = Axes.of(settings or ())
    axes.require_modelled()
    axes.require_workable()
    console, scope = Console(), SCOPES[profile]
    validation = ValidationRun(
        strategies=only_modelled(choose(strategies, known()), console),
        scope=scope if repeats is None else replace(scope, repeats=repeats),
        servers=servers,
        axes=axes,
        seed=seed,
        runs=runs,
        command=typed(),
    )
    with spread_over(dask, console):
        found, folder = validation.run(console)
    screen.show_validation(found, folder, console)


app.add_typer(ask.app, name="ask")
app.command(epilog="Example: dropday foresee --shoppers 1000000 --strategies all --replications 20")(foresee)
app.command(epilog="Example: dropday selfcheck --short --seed 7")(selfcheck)


@app.command(epilog="Example: dropday gate runs/latest --thresholds strict.toml")
def gate(run: RunArgument = options.LATEST, *, thresholds: ThresholdsOption = options.THRESHOLDS) -> None:
    """Judge a run again; the exit code is the verdict."""
    raise typer.Exit(_written_again(run, thresholds))


@app.command(epilog="Example: dropday report runs/20261121-093045-sneaker_drop-3f2a")
def report(run: RunArgument = options.LATEST, *, thresholds: ThresholdsOption = options.THRESHOLDS) -> None:
    """Write the report of a run again. It exits with 0 whatever it says; `gate` judges."""
    _written_again(run, thresholds)


app.command(epilog="Example: dropday serve --strategy redis_hold --scenario steady_orders --port 8000")(serve)
app.command(epilog="Example: dropday bench --base HEAD~1 --strategies conditional_update --pairs 20")(bench)
app.command(epilog="Example: dropday race lost_update")(race)


def _check(thresholds: Path, scenario: Scenario, *sources: Path) -> None:
    """A mistake in the thresholds is told before a run, not minutes later.

    They may also be for scenarios that lie beside them, or beside the `sources` of this one.
    """
    from harness.strategies import known
    from reports.judging import require_known
    from reports.thresholds import load
    from scenarios.scenario import names, names_beside

    beside = [name for file in (thresholds, *sources) for name in names_beside(file)]
    strategies = [strategy.name for strategy in known()]
    require_known(load(thresholds), strategies, scenario.name, [*names(), *beside])


def _written_again(run: Path, thresholds: Path) -> int:
    from harness.runs import existing_run
    from reports import report
    from reports.experiment import Experiment

    folder = existing_run(run)
    _check(thresholds, Experiment.load(folder).scenario)
    return _show(report.write(folder, bounds=thresholds), folder, Console())


def _show(summary: Summary, folder: Path, console: Console) -> int:
    """The last lines on the screen; returns the exit code."""
    from reports import console as screen

    screen.show(summary, folder, console)
    return summary.exit_code

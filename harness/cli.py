"""The command line: parses, calls, and turns what went wrong into a message and an exit code.

0 pass · 1 a threshold or an invariant failed · 2 wrong usage · 3 invalid or unknown · 130 stopped by Ctrl-C

A command imports what it needs when it is called: `--help` does not wait for NumPy and its like.
"""

from __future__ import annotations

import shlex
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from typer.core import TyperGroup

from harness.errors import DropdayError
from harness.interrupts import one_interrupt
from harness.servers import Kind

if TYPE_CHECKING:
    from reports.summary import Summary

_WRONG_USAGE = 2
_INTERRUPTED = 130

_RUNS = Path("runs")
_LATEST = _RUNS / "latest"
_THRESHOLDS = Path(__file__).parents[1] / "thresholds.toml"
_PROFILE = "two_cores"
_POOL_SIZE = 10  # the system's own default, where the figures peak: docs/benchmarks.md


class _Commands(TyperGroup):
    """Where the errors of every command end."""

    def invoke(self, ctx: Any) -> Any:
        with _exit_codes(), one_interrupt():
            return super().invoke(ctx)


@contextmanager
def _exit_codes() -> Iterator[None]:
    """What is wrong in a way that we know becomes one message; anything else keeps its traceback."""
    try:
        yield
    except DropdayError as error:
        _tell(error)
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)  # noqa: T201 - as below
        raise typer.Exit(_INTERRUPTED) from None
    except ValueError as error:
        if not isinstance(error, _wrong_inputs()):
            raise
        _tell(error)
        raise typer.Exit(_WRONG_USAGE) from error


def _tell(error: Exception) -> None:
    lines = [f"error: {error}", *getattr(error, "__notes__", ())]
    print("\n".join(lines), file=sys.stderr)  # noqa: T201 - as it is, not wrapped by a console


def _wrong_inputs() -> tuple[type[ValueError], ...]:
    """The errors that a file or a name which somebody gave can raise in the other packages."""
    from reports.experiment import ExperimentError
    from reports.thresholds import ThresholdsError
    from scenarios.scenario import ScenarioError
    from simulator.profile import ProfileError

    return ExperimentError, ThresholdsError, ScenarioError, ProfileError


app = typer.Typer(
    cls=_Commands,
    help="Rehearse a product drop before it happens.",
    epilog="Exit codes: 0 pass, 1 a threshold or an invariant failed, 2 wrong usage, 3 invalid or unknown.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

ScenarioOption = Annotated[
    str, typer.Option("--scenario", metavar="NAME|FILE", help="A scenario of the library, or a .toml file.")
]
StrategiesOption = Annotated[
    str,
    typer.Option("--strategies", metavar="NAMES", help="all, safe, controls, or names with commas between."),
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="The same seed, the same crowd.")]
_TIME_SCALE = typer.Option("--time-scale", metavar="FACTOR", help="0.1 is a tenth of the scenario.")
ServersOption = Annotated[
    Kind,
    typer.Option(
        "--servers", help="Where PostgreSQL and Redis come from; external: DATABASE_URL and REDIS_URL."
    ),
]
ThresholdsOption = Annotated[
    Path, typer.Option("--thresholds", metavar="FILE", help="What the run is judged by.", show_default=False)
]
WorkersOption = Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes of the system.")]
PoolSizeOption = Annotated[
    int, typer.Option("--pool-size", min=1, max=100, help="Database connections of each worker.")
]
RunsOption = Annotated[Path, typer.Option("--runs", metavar="FOLDER", help="Where the runs' folders are.")]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")]


@app.command(epilog="Example: dropday loadtest --profile smoke --strategies no_lock,redis_hold --seed 7")
def loadtest(
    *,
    scenario: ScenarioOption = "sneaker_drop",
    profile: Annotated[
        Literal["smoke", "standard"], typer.Option("--profile", help="How much of it, and how often.")
    ] = "standard",
    strategies: StrategiesOption = "all",
    seed: SeedOption = 1,
    repeats: Annotated[
        int | None, typer.Option("--repeats", min=1, max=100, help="Measured runs of each strategy.")
    ] = None,
    time_scale: Annotated[float | None, _TIME_SCALE] = None,
    predict: Annotated[
        bool, typer.Option("--predict/--no-predict", help="Calibrate the model and let it predict first.")
    ] = True,
    servers: ServersOption = "embedded",
    thresholds: ThresholdsOption = _THRESHOLDS,
    workers: WorkersOption = 1,
    pool_size: PoolSizeOption = _POOL_SIZE,
    runs: RunsOption = _RUNS,
) -> None:
    """Rehearse a drop on real servers: calibrate, predict, measure, report and judge."""
    from harness.experiment import Rehearsal
    from harness.loadtest import LoadTest
    from harness.scope import SCOPES
    from harness.strategies import choose, known

    scope = SCOPES[profile]
    scope = replace(
        scope,
        repeats=scope.repeats if repeats is None else repeats,
        time_scale=scope.time_scale if time_scale is None else time_scale,
        replications=scope.replications if predict else 0,
    )
    _check(thresholds)
    test = LoadTest(
        rehearsal=Rehearsal.of(scenario, scope.time_scale, seed),
        strategies=choose(strategies, known()),
        scope=scope,
        servers=servers,
        workers=workers,
        pool_size=pool_size,
        bounds=thresholds,
        runs=runs,
        command=_command(),
    )
    console = Console()
    raise typer.Exit(_show(*test.run(console), console))


@app.command(epilog="Example: dropday simulate --scenario sneaker_drop --strategies all --seed 7")
def simulate(
    *,
    scenario: ScenarioOption = "sneaker_drop",
    strategies: StrategiesOption = "all",
    profile_file: Annotated[
        str,
        typer.Option("--profile-file", metavar="NAME|FILE", help="What the model knows of a machine."),
    ] = _PROFILE,
    seed: SeedOption = 1,
    replications: Annotated[
        int, typer.Option("--replications", min=1, max=1000, help="Predicted runs of each strategy.")
    ] = 4,
    time_scale: Annotated[float, _TIME_SCALE] = 1.0,
    thresholds: ThresholdsOption = _THRESHOLDS,
    workers: WorkersOption = 1,
    pool_size: PoolSizeOption = _POOL_SIZE,
    runs: RunsOption = _RUNS,
) -> None:
    """Foresee a drop with the model alone, without any server."""
    from harness.simulation import Simulation
    from harness.strategies import choose, known
    from scenarios.scenario import load

    _check(thresholds)
    simulation = Simulation(
        scenario=load(scenario).scaled(time_scale),
        strategies=choose(strategies, known()),
        profile=profile_file,
        seed=seed,
        replications=replications,
        workers=workers,
        pool_size=pool_size,
        bounds=thresholds,
        runs=runs,
        command=_command(),
    )
    console = Console()
    raise typer.Exit(_show(*simulation.run(console), console))


@app.command(epilog="Example: dropday calibrate -o my-laptop.json")
def calibrate(
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where the profile goes (.json).")
    ] = Path("profile.json"),
    strategies: StrategiesOption = "all",
    servers: ServersOption = "embedded",
    workers: WorkersOption = 1,
    pool_size: PoolSizeOption = _POOL_SIZE,
) -> None:
    """Measure this machine for the model: about five minutes of short runs on real servers."""
    from harness.calibrate import calibration_steps
    from harness.display import Display
    from harness.scope import CALIBRATION
    from harness.stage import on_stage
    from harness.strategies import choose, known

    names = [strategy.name for strategy in choose(strategies, known())]
    console = Console()
    with (
        tempfile.TemporaryDirectory(prefix="dropday-calibration-") as logs,
        on_stage(servers, workers=workers, pool_size=pool_size) as stage,
    ):
        steps = calibration_steps(stage, names, CALIBRATION, profile=output, logs=Path(logs))
        with Display.of(steps, console) as display:
            display.play(steps)
    console.print(f"profile: {output}", highlight=False, soft_wrap=True)
    console.print(f"use it: dropday simulate --profile-file {shlex.quote(str(output))}", soft_wrap=True)


@app.command(epilog="Example: dropday gate runs/latest --thresholds strict.toml")
def gate(run: RunArgument = _LATEST, *, thresholds: ThresholdsOption = _THRESHOLDS) -> None:
    """Judge a run again; the exit code is the verdict."""
    raise typer.Exit(_written_again(run, thresholds))


@app.command(epilog="Example: dropday report runs/20261121-093045-sneaker_drop-3f2a")
def report(run: RunArgument = _LATEST, *, thresholds: ThresholdsOption = _THRESHOLDS) -> None:
    """Write the report of a run again. It exits with 0 whatever it says; `gate` judges."""
    _written_again(run, thresholds)


@app.command(epilog="Example: dropday serve --strategy redis_hold --scenario steady_orders --port 8000")
def serve(
    *,
    strategy: Annotated[
        str, typer.Option("--strategy", help="The locking strategy of the shop.")
    ] = "conditional_update",
    scenario: ScenarioOption = "sneaker_drop",
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, help="On 127.0.0.1.  [default: a free one]")
    ] = None,
    servers: ServersOption = "embedded",
    workers: WorkersOption = 1,
    pool_size: PoolSizeOption = _POOL_SIZE,
    as_json: Annotated[
        bool, typer.Option("--json", help="One line of JSON when ready: url, admin_key, strategy.")
    ] = False,
) -> None:
    """Run the checkout system, stocked for a scenario, until Ctrl-C."""
    from harness import serving
    from harness.strategies import known, named
    from scenarios.scenario import load

    serving.serve(
        named(strategy, known()).name,
        load(scenario),
        servers=servers,
        port=port,
        workers=workers,
        pool_size=pool_size,
        as_json=as_json,
        console=Console(),
    )


@app.command(epilog="Example: dropday bench --only sold_out")
def bench(
    *,
    only: Annotated[
        str | None, typer.Option("--only", metavar="NAMES", help="orders, sold_out, dispatcher.")
    ] = None,
    pool_size: PoolSizeOption = _POOL_SIZE,
    runs: RunsOption = _RUNS,
) -> None:
    """Compare the parts with pgbench, an empty route and Locust's own loop; writes bench.json."""
    from harness import bench as benches

    console = Console()
    file = runs / "bench.json"
    for name, ratio in benches.bench(only, file, console, pool_size=pool_size).items():
        console.print(f"{name:28} {ratio.ratio:5.2f}  ({ratio.low:.2f} to {ratio.high:.2f})", highlight=False)
    console.print(f"ratios: {file}", highlight=False, soft_wrap=True)


def _check(thresholds: Path) -> None:
    """A mistake in the thresholds is told before a run, not minutes later."""
    from reports.thresholds import load

    load(thresholds)


def _written_again(run: Path, thresholds: Path) -> int:
    from harness.runs import existing_run
    from reports import report

    folder = existing_run(run)
    return _show(report.write(folder, bounds=thresholds), folder, Console())


def _show(summary: Summary, folder: Path, console: Console) -> int:
    """The last lines on the screen; returns the exit code."""
    from reports import console as screen

    screen.show(summary, folder, console)
    return summary.exit_code


def _command() -> str:
    """What was typed, in a form that a shell takes."""
    return shlex.join(["dropday", *sys.argv[1:]])

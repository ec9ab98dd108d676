"""How a question becomes a command: its own options, and those that every question has.

Annotations are not put off here, as elsewhere by `__future__`: the options are read from the signatures
while they are joined.
"""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from harness import options
from harness.options import (
    AxesOption,
    DaskOption,
    EngineOption,
    ProfileFileOption,
    RunsOption,
    ScenarioOption,
    SeedOption,
    StrategiesOption,
)
from harness.typed import typed
from simulator.engine import Engine

if TYPE_CHECKING:
    from harness.questions.asking import Question


def _put(
    question: "Question",
    *,
    scenario: ScenarioOption = "sneaker_drop",
    strategies: StrategiesOption = options.STRATEGIES,
    profile_file: ProfileFileOption = None,
    seed: SeedOption = 1,
    replications: Annotated[
        int | None,
        typer.Option("--replications", min=1, max=1000, help="Of each run.  [default: as many as needed]"),
    ] = None,
    time_scale: Annotated[float, options.TIME_SCALE] = 1.0,
    engine: EngineOption = Engine.COMPILED,
    settings: AxesOption = None,
    dask: DaskOption = None,
    runs: RunsOption = options.RUNS,
) -> None:
    """Put the question to the model, and show what it says."""
    from harness.axes import Axes
    from harness.calibrations.chosen import choose_profile
    from harness.cluster import spread_over
    from harness.questions.session import Session
    from harness.strategies import choose, known
    from reports.answers import console as screen
    from scenarios.scenario import load

    axes = Axes.of(settings or ())
    axes.require_modelled()
    chosen, console = choose(strategies, known()), Console()
    profile = choose_profile(profile_file, chosen, axes, console)
    session = Session(
        questions=[question],
        scenario=load(scenario).scaled(time_scale),
        strategies=chosen,
        profile=profile.name,
        seed=seed,
        axes=axes,
        engine=engine,
        command=typed(*profile.options),
        replications=replications,
    )
    with spread_over(dask, console):
        answers, folder = session.run(runs, console)
    screen.show(answers, folder, console)


def command_of(
    app: typer.Typer, example: str
) -> Callable[[Callable[..., "Question"]], Callable[..., "Question"]]:
    """Make a command of a function that gives a question: its options, and those of `_put`."""

    def made(ask: Callable[..., "Question"]) -> Callable[..., "Question"]:
        own = inspect.signature(ask).parameters
        _, *shared = inspect.signature(_put).parameters.values()

        def command(**given: Any) -> None:
            _put(ask(**{name: given.pop(name) for name in own}), **given)

        command.__doc__ = ask.__doc__
        command.__annotations__ = {}
        command.__signature__ = inspect.Signature([*own.values(), *shared])  # type: ignore[attr-defined]
        name = ask.__name__.replace("_", "-")
        app.command(name, epilog=f"Example: dropday ask {name} {example}".rstrip())(command)
        return ask

    return made

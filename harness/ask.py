"""`dropday ask ..`: the questions of an architect, a command each.

Every command takes the options of `_put`, besides its own. Annotations are not put off here, as elsewhere
by `__future__`: the options are read from the signatures while they are joined.
"""

import inspect
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console

from harness import options
from harness.options import (
    AxesOption,
    EngineOption,
    ProfileFileOption,
    RunsOption,
    ScenarioOption,
    SeedOption,
    StrategiesOption,
)
from simulator.engine import Engine

if TYPE_CHECKING:
    from harness.questions.asking import Question
    from reports.answers.shapes import Figure, Objective

Whose = Literal["both", "buyers", "everyone"]
FigureName = Literal["everyone-p99", "buyers-p99", "orders-per-s", "peak", "oversold"]

P99Option = Annotated[
    float, typer.Option("--p99-ms", min=0.1, help="The objective: 99 of 100 wait at most so long.")
]
OfOption = Annotated[Whose, typer.Option("--of", help="99 of 100 of whom.")]
UnknownOption = Annotated[
    float, typer.Option("--unknown", metavar="PERCENT", min=0, max=100, help="So many may get no answer.")
]
FigureOption = Annotated[FigureName, typer.Option("--figure", help="The figure that it is about.")]

_P99_MS, _UNKNOWN = 1000.0, 1.0
_FIGURE: FigureName = "everyone-p99"

app = typer.Typer(
    help="Ask the model what an architect wants to know; the answer is a page with pictures, and JSON.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def _put(
    question: "Question",
    *,
    scenario: ScenarioOption = "sneaker_drop",
    strategies: StrategiesOption = options.STRATEGIES,
    profile_file: ProfileFileOption = options.PROFILE,
    seed: SeedOption = 1,
    replications: Annotated[
        int | None,
        typer.Option("--replications", min=1, max=1000, help="Of each run.  [default: as many as needed]"),
    ] = None,
    time_scale: Annotated[float, options.TIME_SCALE] = 1.0,
    engine: EngineOption = Engine.COMPILED,
    settings: AxesOption = None,
    runs: RunsOption = options.RUNS,
) -> None:
    """Put the question to the model, and show what it says."""
    from harness.axes import Axes
    from harness.questions.session import Session
    from harness.strategies import choose, known
    from reports.answers import console as screen
    from scenarios.scenario import load

    axes = Axes.of(settings or ())
    axes.require_modelled()
    session = Session(
        questions=[question],
        scenario=load(scenario).scaled(time_scale),
        strategies=choose(strategies, known()),
        profile=profile_file,
        seed=seed,
        axes=axes,
        engine=engine,
        command=shlex.join(["dropday", *sys.argv[1:]]),
        replications=replications,
    )
    console = Console()
    screen.show(*session.run(runs, console), console)


def _command(example: str) -> Callable[[Callable[..., "Question"]], Callable[..., "Question"]]:
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


@_command("--p99-ms 500 --of buyers --strategies safe")
def capacity(
    *, p99_ms: P99Option = _P99_MS, of: OfOption = "both", unknown: UnknownOption = _UNKNOWN
) -> "Question":
    """How many shoppers until the objective breaks; what binds now, and what binds next."""
    from harness.questions.capacity import HowManyShoppers

    return HowManyShoppers(_objective(p99_ms, of, unknown))


@_command("--arrivals 40000 --p99-ms 2000 --strategies redis_hold")
def sizing(
    *,
    arrivals: Annotated[
        float | None,
        typer.Option("--arrivals", min=1, help="So many shoppers.  [default: those of the scenario]"),
    ] = None,
    p99_ms: P99Option = _P99_MS,
    of: OfOption = "both",
    unknown: UnknownOption = _UNKNOWN,
) -> "Question":
    """How many cores, workers and connections for so many arrivals."""
    from harness.questions.sizing import HowLarge

    return HowLarge(_objective(p99_ms, of, unknown), arrivals)


@_command("--figure buyers-p99 --method sobol --samples 128")
def sensitivity(
    *,
    figure: FigureOption = _FIGURE,
    method: Annotated[
        Literal["morris", "sobol"], typer.Option("--method", help="Of the indices: few runs, or many.")
    ] = "morris",
    samples: Annotated[
        int | None,
        typer.Option("--samples", min=2, help="Trajectories of Morris, points of Sobol.  [default: 8, 64]"),
    ] = None,
) -> "Question":
    """What the height of the crowd, the stock, the patience and the bots do."""
    from harness.questions.sensitivity import WhatMatters

    return WhatMatters(_figure(figure), method, samples)


@_command("--replications 100")
def queue() -> "Question":
    """How long the queue lasts."""
    from harness.questions.drops import Drops
    from harness.questions.queue import HowLongAQueue

    return HowLongAQueue(Drops())


@_command("--strategies controls --replications 200")
def oversell() -> "Question":
    """How much is oversold, as a distribution."""
    from harness.questions.drops import Drops
    from harness.questions.oversell import HowMuchOversold

    return HowMuchOversold(Drops())


@_command("--prices my_prices.toml")
def cost(
    *,
    prices: Annotated[
        Path | None,
        typer.Option("--prices", metavar="FILE", help="A price file.  [default: an example, made up]"),
    ] = None,
) -> "Question":
    """What a thousand orders cost, at the prices of a file."""
    from harness.questions.cost import HowExpensive
    from harness.questions.drops import Drops

    return HowExpensive.at(prices, Drops())


@_command("--figure buyers-p99 --strategies pessimistic_lock")
def measure_next(*, figure: FigureOption = _FIGURE) -> "Question":
    """Which calibrated parameter to measure next."""
    from harness.questions.measure_next import WhatToMeasure

    return WhatToMeasure(_figure(figure))


def chosen(text: str) -> "list[Question]":
    """The questions that `text` names with commas between, or `all`, or `none`; as their commands put them.

    Raises:
        UsageError: a name is unknown; the text names the nearest.
    """
    from harness.errors import UsageError
    from scenarios.complaints import nearest

    every = _as_commands_put_them()
    wanted = {"all": list(every), "none": []}.get(text, [name.strip() for name in text.split(",")])
    for name in wanted:
        if name not in every:
            hint = nearest(name, every)
            raise UsageError(
                f"--ask {text}: no question {name!r}{hint or ';'} "
                f"expected all, none, or some of {', '.join(every)}"
            )
    return [question for name, question in every.items() if name in wanted]


def _as_commands_put_them() -> "dict[str, Question]":
    """All questions by name; those about the drop as it is share its replications."""
    from harness.questions.cost import HowExpensive
    from harness.questions.drops import Drops
    from harness.questions.oversell import HowMuchOversold
    from harness.questions.queue import HowLongAQueue

    drops = Drops()
    every = [
        capacity(),
        sizing(),
        sensitivity(),
        HowLongAQueue(drops),
        HowMuchOversold(drops),
        HowExpensive.at(None, drops),
        measure_next(),
    ]
    return {question.name: question for question in every}


def _objective(p99_ms: float, of: Whose, unknown: float) -> "Objective":
    from reports.answers.shapes import Objective

    return Objective(p99_ms=p99_ms, of=of, unknown_share=unknown / 100)


def _figure(name: FigureName) -> "Figure":
    from harness.questions.figures import FIGURES

    return FIGURES[name]

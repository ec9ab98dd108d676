"""`dropday ask ..`: the questions of an architect, a command each.

Annotations are not put off here, as elsewhere by `__future__`: the options are read from the signatures.
"""

import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from harness.options import finite
from harness.putting import command_of

if TYPE_CHECKING:
    from harness.questions.asking import Question
    from reports.answers.shapes import Figure, Objective

Whose = Literal["both", "buyers", "everyone"]
FigureName = Literal["everyone-p99", "buyers-p99", "orders-per-s", "peak", "oversold"]

P99Option = Annotated[
    float,
    typer.Option("--p99-ms", callback=finite, min=0.1, help="The objective: 99 of 100 wait at most so long."),
]
OfOption = Annotated[Whose, typer.Option("--of", help="99 of 100 of whom.")]
UnknownOption = Annotated[
    float,
    typer.Option(
        "--unknown", metavar="PERCENT", callback=finite, min=0, max=100, help="So many may get no answer."
    ),
]
FigureOption = Annotated[FigureName, typer.Option("--figure", help="The figure that it is about.")]

_P99_MS, _UNKNOWN = 1000.0, 1.0
_FIGURE: FigureName = "everyone-p99"
# Made up: collections of garbage, and now and then a machine that is moved. Measure your own.
_PAUSES_PER_HOUR, _PAUSE_MEDIAN_MS, _PAUSE_P99_MS = 6.0, 50.0, 2000.0

app = typer.Typer(
    help="Ask the model what an architect wants to know; the answer is a page with pictures, and JSON.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_command = partial(command_of, app)


@_command("--figure buyers-p99 --precision 2% --strategies safe")
def compare(
    *,
    figure: FigureOption = _FIGURE,
    precision: Annotated[
        str,
        typer.Option(
            "--precision",
            metavar="PERCENT",
            help="Of a mean: replications until its error is at most so much, with 95 %.",
        ),
    ] = "5%",
    at_most: Annotated[
        int, typer.Option("--at-most", min=10, help="Replications of a strategy, however imprecise.")
    ] = 100,
) -> "Question":
    """Which strategy is better, and whether the difference is more than chance."""
    from harness.questions.compare import WhichIsBetter

    return WhichIsBetter(_figure(figure), _share(precision), at_most)


@_command("--p99-ms 500 --of buyers --strategies safe")
def capacity(
    *, p99_ms: P99Option = _P99_MS, of: OfOption = "both", unknown: UnknownOption = _UNKNOWN
) -> "Question":
    """How many shoppers until the objective breaks; what binds now, and what beyond."""
    from harness.questions.capacity import HowManyShoppers

    return HowManyShoppers(_objective(p99_ms, of, unknown))


@_command("--arrivals 40000 --p99-ms 2000 --strategies redis_hold")
def sizing(
    *,
    arrivals: Annotated[
        float | None,
        typer.Option(
            "--arrivals", callback=finite, min=1, help="So many shoppers.  [default: those of the scenario]"
        ),
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


@_command("--pauses-per-hour 2 --pause-median-ms 80 --pause-p99-ms 3000 --lease-ms 5000")
def lease(
    *,
    pauses_per_hour: Annotated[
        float,
        typer.Option("--pauses-per-hour", callback=finite, min=0, help="How often a process stands still."),
    ] = _PAUSES_PER_HOUR,
    pause_median_ms: Annotated[
        float,
        typer.Option(
            "--pause-median-ms", callback=finite, min=0.001, help="Half of the pauses are no longer."
        ),
    ] = _PAUSE_MEDIAN_MS,
    pause_p99_ms: Annotated[
        float,
        typer.Option("--pause-p99-ms", callback=finite, min=0.001, help="99 of 100 pauses are no longer."),
    ] = _PAUSE_P99_MS,
    lease_ms: Annotated[
        float | None,
        typer.Option(
            "--lease-ms",
            callback=finite,
            min=0.001,
            help="When a lease runs out.  [default: the system's own]",
        ),
    ] = None,
) -> "Question":
    """How often a lease in Redis is outlived by a pause of its holder, and what that oversells."""
    from harness.questions.lease import HowOftenOutlived

    return HowOftenOutlived.of(pauses_per_hour, pause_median_ms, pause_p99_ms, lease_ms)


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
    from harness.questions.compare import WhichIsBetter
    from harness.questions.cost import HowExpensive
    from harness.questions.drops import Drops
    from harness.questions.oversell import HowMuchOversold
    from harness.questions.queue import HowLongAQueue

    drops = Drops()
    every = [
        WhichIsBetter(_figure(_FIGURE)),
        capacity(),
        sizing(),
        sensitivity(),
        HowLongAQueue(drops),
        HowMuchOversold(drops),
        lease(),
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


def _share(text: str) -> float:
    """0.05 of `5%` or `5`."""
    from harness.errors import UsageError

    try:
        percent = float(text.removesuffix("%"))
    except ValueError:
        percent = math.nan
    if not 0 < percent < 100:
        raise UsageError(f"--precision {text}: expected a percentage above 0 and below 100, such as 5%")
    return percent / 100

"""`dropday foresee`: crowds of millions."""

from __future__ import annotations

from typing import Annotated, Literal

import typer
from rich.console import Console

from harness import options
from harness.options import (
    AxesOption,
    DaskOption,
    ProfileFileOption,
    RunsOption,
    ScenarioOption,
    SeedOption,
    StrategiesOption,
)
from harness.typed import typed


def foresee(
    *,
    scenario: ScenarioOption = "sneaker_drop",
    shoppers: Annotated[
        float | None,
        typer.Option(
            "--shoppers",
            callback=options.finite,
            min=1,
            help="So many shoppers.  [default: those of the scenario]",
        ),
    ] = None,
    keep: Annotated[
        Literal["duration", "rate"],
        typer.Option("--keep", help="For --shoppers: more of them a second, or for longer."),
    ] = "duration",
    strategies: StrategiesOption = options.STRATEGIES,
    replications: Annotated[
        int, typer.Option("--replications", min=1, max=1000, help="Runs of each strategy.")
    ] = 20,
    profile_file: ProfileFileOption = None,
    seed: SeedOption = 1,
    settings: AxesOption = None,
    dask: DaskOption = None,
    runs: RunsOption = options.RUNS,
) -> None:
    """Foresee a crowd of up to millions with the compiled model, many times over, without records."""
    from harness.axes import Axes
    from harness.calibrations.chosen import choose_profile
    from harness.cluster import spread_over
    from harness.foresight import Crowd, Foresight
    from harness.strategies import choose, known
    from reports import console as screen
    from scenarios.scenario import load

    axes = Axes.of(settings or ())
    axes.require_modelled()
    chosen, console = choose(strategies, known()), Console()
    profile = choose_profile(profile_file, chosen, axes, console)
    foresight = Foresight(
        crowd=Crowd.of(load(scenario), shoppers, keep),
        strategies=chosen,
        profile=profile.name,
        seed=seed,
        replications=replications,
        axes=axes,
        runs=runs,
        command=typed(*profile.options),
    )
    with spread_over(dask, console):
        found, folder = foresight.run(console)
    screen.show_foreseen(found, folder, console)

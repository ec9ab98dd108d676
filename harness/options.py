"""The options that several commands share."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from harness.servers import Kind
from simulator.engine import Engine

RUNS = Path("runs")
LATEST = RUNS / "latest"
THRESHOLDS = Path(__file__).parents[1] / "thresholds.toml"
PROFILE = "two_cores"
LARGEST_SEED = 2**64 - 1  # as of scenarios.arrivals, which takes a second to load
# Those that most shops choose between, in a few minutes; all seventeen take half an hour.
STRATEGIES = "no_lock,conditional_update,pessimistic_lock,optimistic_lock,redis_hold"


def finite(value: float | None) -> float | None:
    """The value of an option that is a number; no bound of the parser keeps infinity and NaN out."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is not a finite number.")
    return value


ScenarioOption = Annotated[
    str, typer.Option("--scenario", metavar="NAME|FILE", help="A scenario of the library, or a .toml file.")
]
StrategiesOption = Annotated[
    str,
    typer.Option(
        "--strategies", metavar="NAMES", help="all, safe, controls, redis, queued or names, commas between."
    ),
]
ProfileFileOption = Annotated[
    str | None,
    typer.Option(
        "--profile-file",
        metavar="NAME|FILE",
        help="What the model knows of a machine.  [default: the newest of this one, else a shipped one]",
    ),
]
EngineOption = Annotated[
    Engine, typer.Option("--engine", help="What plays the model: both do the same, compiled is the faster.")
]
SeedOption = Annotated[
    int, typer.Option("--seed", min=0, max=LARGEST_SEED, help="The same seed, the same crowd.")
]
RepeatsOption = Annotated[
    int | None, typer.Option("--repeats", min=1, max=100, help="Measured runs of each strategy.")
]
TIME_SCALE = typer.Option(
    "--time-scale", metavar="FACTOR", callback=finite, help="0.1 is a tenth of the scenario."
)
CrowdOption = Annotated[
    float,
    typer.Option(
        "--crowd", metavar="FACTOR", callback=finite, help="0.3 is three tenths of the shoppers, as long."
    ),
]
ServersOption = Annotated[
    Kind,
    typer.Option(
        "--servers", help="Where PostgreSQL and Redis come from; external: DATABASE_URL and REDIS_URL."
    ),
]
ThresholdsOption = Annotated[
    Path, typer.Option("--thresholds", metavar="FILE", help="What the run is judged by.", show_default=False)
]
AxesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="An axis of the system, such as pool_size=5; once for each."
    ),
]
DaskOption = Annotated[
    str | None,
    typer.Option(
        "--dask",
        metavar="ADDRESS",
        envvar="DROPDAY_DASK",
        help="A Dask cluster that the model runs on, such as tcp://host:8786.  [default: this machine]",
    ),
]
RunsOption = Annotated[Path, typer.Option("--runs", metavar="FOLDER", help="Where the runs' folders are.")]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")]

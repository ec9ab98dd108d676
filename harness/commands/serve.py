"""`dropday serve`: the checkout system by itself."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from harness.options import AxesOption, ScenarioOption, ServersOption


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
    settings: AxesOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One line of JSON when ready: url, admin_key, strategy.")
    ] = False,
) -> None:
    """Run the checkout system, stocked for a scenario, until Ctrl-C."""
    from harness import serving
    from harness.axes import Axes
    from harness.strategies import known, named
    from scenarios.scenario import load

    axes = Axes.of(settings or ())
    on_sale = load(scenario)
    axes.require_workable(on_sale, lasts=True)
    serving.serve(
        named(strategy, known()),
        on_sale,
        servers=servers,
        port=port,
        axes=axes,
        as_json=as_json,
        console=Console(),
    )

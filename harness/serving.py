"""The checkout system by itself, stocked for a scenario, until somebody stops it."""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from harness.axes import Axes
from harness.servers import Kind
from harness.shop import require_free
from harness.stage import on_stage
from reports.experiment import StrategyUnderTest
from scenarios.arrivals import generate
from scenarios.scenario import Scenario

_WATCH_S = 0.5
_SEED = 1


def serve(
    strategy: StrategyUnderTest,
    scenario: Scenario,
    *,
    servers: Kind,
    port: int | None,
    axes: Axes,
    as_json: bool,
    console: Console,
) -> None:
    """Serve until interrupted. Prints where, and the admin key, once orders are taken.

    Raises:
        UsageError: the port is taken, or the servers cannot be had here.
        RunError: something died.
    """
    if port is not None:
        require_free(port)
    with (
        tempfile.TemporaryDirectory(prefix="dropday-serve-") as folder,
        on_stage(servers, axes) as stage,
        stage.shop(strategy, log=Path(folder) / "system.log", port=port) as shop,
    ):
        shop.reset(scenario, shoppers=generate(scenario, _SEED).number_of_shoppers)
        if as_json:
            ready = {"url": shop.url, "admin_key": shop.admin_key, "strategy": strategy.name}
            print(json.dumps(ready), flush=True)  # noqa: T201 - for a program to read
        else:
            console.print(
                f"{scenario.name} is on sale with {strategy.name}; Ctrl-C stops it.", highlight=False
            )
            console.print(f"  shop       {shop.url}/docs", highlight=False)
            console.print(f"  admin key  {shop.admin_key}", highlight=False)
        with suppress(KeyboardInterrupt):
            while True:
                stage.check(shop)
                shop.process.ends_within(_WATCH_S)

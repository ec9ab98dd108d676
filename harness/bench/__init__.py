"""`dropday bench`: how fast the parts are, as ratios to something that everybody knows.

Machines differ and drift, so no figure stands alone: the two sides of a ratio take turns in one run, on the
same servers and cores, and the ratio is taken turn by turn.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter
from rich.console import Console

from harness.axes import Axes
from harness.bench import dispatcher, orders, pool, simulator, sold_out
from harness.bench.common import Bench, Offline, Ratio
from harness.display import Display
from harness.errors import UsageError
from harness.stage import on_stage
from scenarios.complaints import nearest
from scenarios.files import write_bytes

BENCHES: dict[str, Bench | Offline] = {
    "orders": orders.BENCH,
    "pool": pool.BENCH,
    "sold_out": sold_out.BENCH,
    "dispatcher": dispatcher.BENCH,
    "simulator": simulator.BENCH,
}
_RATIOS = TypeAdapter(dict[str, Ratio])


def bench(only: str | None, file: Path, console: Console, axes: Axes) -> dict[str, Ratio]:
    """Measure the ratios, and write them to `file` beside those that are there from other benches.

    Args:
        only: names of `BENCHES` with commas between; all of them if None.
        axes: of the shop; pgbench has as many connections as its pool.

    Raises:
        UsageError: a name is unknown, or `file` cannot be written.
        RunError: something died or answered wrongly.
    """
    chosen = [BENCHES[name] for name in _chosen(only)]
    ratios: dict[str, Ratio] = {}
    steps = sum(one.steps() for one in chosen)
    expected_s = sum(one.steps() * one.step_s for one in chosen)
    with (
        tempfile.TemporaryDirectory(prefix="dropday-bench-") as logs,
        ExitStack() as servers,
        Display(console, steps=steps, expected_s=expected_s) as display,
    ):
        # Servers are started for the first that needs them.
        stage = cache(lambda: servers.enter_context(on_stage("embedded", axes)))
        for one in chosen:
            if isinstance(one, Offline):
                ratios |= one.measure(display)
            else:
                ratios |= one.measure(stage(), Path(logs), display)
            _write(file, ratios)  # what follows may fail, and this took minutes
    return ratios


def _chosen(only: str | None) -> list[str]:
    if only is None:
        return list(BENCHES)
    names = [name.strip() for name in only.split(",")]
    for name in names:
        if name not in BENCHES:
            raise UsageError(f"no bench {name!r}{nearest(name, BENCHES)} there are: {', '.join(BENCHES)}")
    return names


def _write(file: Path, ratios: dict[str, Ratio]) -> None:
    try:
        earlier = _RATIOS.validate_json(file.read_bytes()) if file.exists() else {}
        write_bytes(file, _RATIOS.dump_json(earlier | ratios, indent=2))
    except (OSError, ValueError) as error:
        raise UsageError(f"{file}: cannot be written: {error}; remove it, or choose another folder") from None

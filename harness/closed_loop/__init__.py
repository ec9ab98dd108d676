"""A closed-loop HTTP client: N connections, each sends its next request when the last one is answered.

`drive(load)` runs it as a process of its own, pinned, and returns what it measured; calibration and the bench
both use that one function.

For the load of a rehearsal this is the wrong client: a slow server slows it down. Shoppers do not wait for
one another, see `scenarios/dispatcher.py`.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from harness.closed_loop.load import Gets, Load, Orders, Quantiles, Result
from harness.processes import running

__all__ = ["Gets", "Load", "Orders", "Quantiles", "Result", "drive"]

_BESIDE_THE_LOAD_S = 30.0  # its start, and the answers that come after its end


def drive(load: Load, *, cores: Sequence[int], log: Path) -> Result:
    """Run `load` from a process of its own on `cores` and return what it measured.

    Raises:
        RunError: the server refused or closed a connection, answered nothing in the window, or hung.
    """
    with tempfile.TemporaryDirectory(prefix="dropday-load-") as folder:
        order, result = Path(folder) / "load.json", Path(folder) / "result.json"
        order.write_text(load.model_dump_json())
        command = [sys.executable, "-m", "harness.closed_loop", str(order), str(result)]
        with running("the closed-loop client", command, log=log, cores=cores) as client:
            client.await_end(within_s=load.warmup_s + load.duration_s + _BESIDE_THE_LOAD_S)
        return Result.model_validate_json(result.read_text())

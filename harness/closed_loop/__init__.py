"""A closed-loop HTTP client: N connections, each sends its next request when the last one is answered.

`drive(load)` runs it as a process of its own, pinned, and returns what it measured; calibration and the bench
both use that one function, or `drive_in_turn` for one load after the other from the same process.

For the load of a rehearsal this is the wrong client: a slow server slows it down. Shoppers do not wait for
one another, see `scenarios/dispatcher.py`.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from harness.closed_loop.load import LOADS, RESULTS, Gets, Load, Orders, Quantiles, Result
from harness.processes import running

__all__ = ["Gets", "Load", "Orders", "Quantiles", "Result", "drive", "drive_in_turn"]

_BESIDE_A_LOAD_S = 30.0  # its start, and the answers that come after its end


def drive(load: Load, *, cores: Sequence[int], log: Path) -> Result:
    """Run `load` from a process of its own on `cores` and return what it measured.

    Raises:
        RunError: the server refused or closed a connection, answered nothing in the window, or hung.
    """
    [result] = drive_in_turn([load], cores=cores, log=log)
    return result


def drive_in_turn(loads: Sequence[Load], *, cores: Sequence[int], log: Path) -> list[Result]:
    """Run `loads`, each when the last answer to the one before has come, and return what each measured.

    Raises:
        RunError: a server refused or closed a connection, answered nothing in a window, or hung.
    """
    with tempfile.TemporaryDirectory(prefix="dropday-load-") as folder:
        orders, results = Path(folder) / "loads.json", Path(folder) / "results.json"
        orders.write_bytes(LOADS.dump_json(list(loads)))
        command = [sys.executable, "-m", "harness.closed_loop", str(orders), str(results)]
        with running("the closed-loop client", command, log=log, cores=cores) as client:
            sent_s = sum(load.warmup_s + load.duration_s for load in loads)
            client.await_end(within_s=sent_s + _BESIDE_A_LOAD_S * len(loads))
        return RESULTS.validate_json(results.read_bytes())

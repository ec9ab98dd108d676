"""The process behind `drive`: read loads, run one after the other, write their results."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import uvloop

from harness.closed_loop.client import run
from harness.closed_loop.load import LOADS, RESULTS, Load, Result
from scenarios.limits import room_for_connections


def main(orders: Path, results: Path) -> None:
    loads = LOADS.validate_json(orders.read_bytes())
    room_for_connections()
    gc.disable()
    results.write_bytes(RESULTS.dump_json([_result(load) for load in loads]))


def _result(load: Load) -> Result:
    try:
        return uvloop.run(run(load))
    except (OSError, TimeoutError, ValueError) as error:
        sys.exit(f"{load.url}: {str(error) or 'answers were still missing long after the end'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

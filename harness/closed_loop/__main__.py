"""The process behind `drive`: read a load, run it, write its result."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import uvloop

from harness.closed_loop.client import run
from harness.closed_loop.load import Load
from scenarios.limits import room_for_connections


def main(order: Path, result: Path) -> None:
    load = Load.model_validate_json(order.read_text())
    room_for_connections()
    gc.disable()
    try:
        outcome = uvloop.run(run(load))
    except (OSError, TimeoutError, ValueError) as error:
        sys.exit(f"{load.url}: {str(error) or 'answers were still missing long after the end'}")
    result.write_text(outcome.model_dump_json())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

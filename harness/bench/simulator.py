"""How fast the model is: its compiled engine against SimPy and other simulators."""

from __future__ import annotations

from pathlib import Path

from harness.bench import engines, mm2
from harness.bench.common import Bench, Ratio
from harness.display import Display
from harness.stage import Stage


def measure(_: Stage, __: Path, display: Display) -> dict[str, Ratio]:
    """`compiled_vs_simpy_model`, `impatient_shoppers`, and `mm2` with a row for each of the others.

    Raises:
        RunError: a simulator is not installed, or two have not simulated the same.
    """
    return engines.measure(display) | mm2.measure(display)


BENCH = Bench(measure, steps=lambda: engines.STEPS + mm2.TURNS, step_s=mm2.STEP_S)

"""How fast the model is: its compiled engine against SimPy and other simulators."""

from __future__ import annotations

from harness.bench import engines, mm2
from harness.bench.common import Offline, Ratio
from harness.display import Display


def measure(display: Display) -> dict[str, Ratio]:
    """`compiled_vs_simpy_model`, `impatient_shoppers`, and `mm2` with a row for each of the others.

    Raises:
        RunError: a simulator is not installed, or two have not simulated the same.
    """
    return engines.measure(display) | mm2.measure(display)


BENCH = Offline(measure=measure, steps=lambda: engines.STEPS + mm2.TURNS, step_s=mm2.STEP_S)

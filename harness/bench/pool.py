"""The pool of a worker, swept: how many connections pay, and the convoy on the hot row beyond them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from harness.bench.common import Bench, Ratio
from harness.bench.turns import TURN_S, Turn, take
from harness.display import Display
from harness.stage import Stage
from harness.strategies import known, named

TURNS = 3
_STRATEGIES = ("conditional_update", "pessimistic_lock")
_SIZES = (2, 5, 10, 20, 50)


def measure(stage: Stage, logs: Path, display: Display) -> dict[str, Ratio]:
    """`pool.<strategy>.<size>`, each against the best size of its strategy in the same turn.

    Raises:
        RunError: an order failed, or a process died.
    """
    turns: defaultdict[tuple[str, int], list[Turn]] = defaultdict(list)
    for number in range(1, TURNS + 1):
        for name in _STRATEGIES:
            for size in _SIZES:
                with display.step(f"{name} with a pool of {size}, turn {number}", expected_s=TURN_S) as live:
                    resized = replace(stage, axes=stage.axes.model_copy(update={"pool_size": size}))
                    turn = take(resized, logs, named(name, known()), f"turn-{number}")
                    live(f"{turn.per_s:,.0f} orders/s")
                turns[name, size].append(turn)
    return {
        f"pool.{name}.{size}": _ratio(turns[name, size], [turns[name, other] for other in _SIZES])
        for name in _STRATEGIES
        for size in _SIZES
    }


def _ratio(turns: list[Turn], of_all_sizes: list[list[Turn]]) -> Ratio:
    best = [max(turn.per_s for turn in turns) for turns in zip(*of_all_sizes, strict=True)]
    figures = {
        "orders_per_s": [turn.per_s for turn in turns],
        "switches": [turn.switches["database"] for turn in turns],
        "database_us": [turn.cpu_us["database"] for turn in turns],
        "worker_us": [turn.cpu_us["worker"] for turn in turns],
    }
    what = (
        "orders committed/s with so many connections / with the best number of them; one hot SKU. switches: "
        "context switches of PostgreSQL for one order"
    )
    return Ratio.of([(turn.per_s, most) for turn, most in zip(turns, best, strict=True)], what, figures)


BENCH = Bench(measure=measure, steps=lambda: TURNS * len(_STRATEGIES) * len(_SIZES), step_s=TURN_S)

"""Orders a second through the API, by strategy, against pgbench making the same row changes."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from harness.bench import pgbench
from harness.bench.common import Bench, Ratio
from harness.bench.turns import TURN_S, Turn, take
from harness.display import Display
from harness.stage import Stage
from harness.strategies import known
from reports.experiment import StrategyUnderTest

TURNS = 3
_CLIENTS = (1, 2, 5, 10, 20, 50)
_PGBENCH_S = 2
_UNLOCKED = "no_lock"  # what it would be without a guarantee
_MERGING = "micro_batch"  # held against the best that there is with one order a transaction


def measure(stage: Stage, logs: Path, display: Display) -> dict[str, Ratio]:
    """`orders.<strategy>` for every strategy, and `orders.pgbench`.

    Raises:
        RunError: an order failed, or a process died.
    """
    theirs: list[dict[int, float]] = []
    ours: defaultdict[str, list[Turn]] = defaultdict(list)
    for number in range(1, TURNS + 1):
        with display.step(f"pgbench, turn {number}", expected_s=TURN_S + _PGBENCH_S * len(_CLIENTS)) as live:
            pgbench.stock(stage, logs)
            per_s = {
                clients: pgbench.per_s(stage, logs, clients=clients, seconds=_PGBENCH_S)
                for clients in sorted({*_CLIENTS, stage.axes.pool_size})
            }
            live(" · ".join(f"{clients}: {figure:,.0f}/s" for clients, figure in per_s.items()))
        theirs.append(per_s)
        for strategy in known():
            with display.step(f"{strategy.name}, turn {number}", expected_s=TURN_S) as live:
                turn = take(stage, logs, strategy, f"turn-{number}")
                live(f"{turn.per_s:,.0f} orders/s")
            ours[strategy.name].append(turn)
    pool_size = stage.axes.pool_size
    rows = {f"orders.{strategy.name}": _ratio(strategy, ours, theirs, pool_size) for strategy in known()}
    return rows | {"orders.pgbench": _pgbench(theirs, pool_size)}


def _ratio(
    strategy: StrategyUnderTest,
    ours: dict[str, list[Turn]],
    theirs: Sequence[dict[int, float]],
    pool_size: int,
) -> Ratio:
    turns = ours[strategy.name]
    best = [max(per_s.values()) for per_s in theirs]
    rival = best if strategy.name == _MERGING else [per_s[pool_size] for per_s in theirs]
    connections = f"its best of {_CLIENTS}" if strategy.name == _MERGING else f"{pool_size}"
    figures = {
        "orders_per_s": [turn.per_s for turn in turns],
        "to_best": [turn.per_s / most for turn, most in zip(turns, best, strict=True)],
        "to_no_lock": [turn.per_s / free.per_s for turn, free in zip(turns, ours[_UNLOCKED], strict=True)],
    }
    for role in turns[0].cpu_us:
        figures[f"{role}_us"] = [turn.cpu_us[role] for turn in turns]
    what = (
        "orders committed/s through the API / transactions/s of pgbench with the same row changes, statement "
        f"by statement (-M prepared), on {connections} connections; one hot SKU, the same server and cores"
    )
    return Ratio.of([(turn.per_s, per_s) for turn, per_s in zip(turns, rival, strict=True)], what, figures)


def _pgbench(theirs: Sequence[dict[int, float]], pool_size: int) -> Ratio:
    pairs = [(per_s[pool_size], max(per_s.values())) for per_s in theirs]
    figures = {"orders_per_s": [same for same, _ in pairs], "to_best": [same / most for same, most in pairs]}
    seen = {clients: statistics.median(per_s[clients] for per_s in theirs) for clients in theirs[0]}
    by_connections = ", ".join(f"{clients}: {per_s:,.0f}" for clients, per_s in seen.items())
    what = f"transactions/s on {pool_size} connections / on the best number of them ({by_connections})"
    return Ratio.of(pairs, what, figures)


BENCH = Bench(measure=measure, steps=lambda: TURNS * (1 + len(known())), step_s=TURN_S)

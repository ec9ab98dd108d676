"""Sold-out answers a second, against the emptiest route that the same process has."""

from __future__ import annotations

from pathlib import Path

from harness.bench.common import CLIENTS, SHOPPERS, SKU, Bench, Ratio, one_hot_sku
from harness.closed_loop import Gets, Load, Orders, drive
from harness.display import Display
from harness.errors import RunError
from harness.shop import Shop
from harness.stage import Stage
from harness.strategies import known, named

TURNS = 5
_WARM_UP_S = 0.5
_MEASURED_S = 2.0
_STEP_S = 8.0


def measure(stage: Stage, logs: Path, display: Display) -> dict[str, Ratio]:
    """`sold_out`.

    Raises:
        RunError: an answer was another than expected, or a process died.
    """
    pairs = []
    with stage.shop(named("conditional_update", known()), log=logs / "system.log") as shop:
        for turn in range(TURNS):
            with display.step(f"sold out, turn {turn + 1}", expected_s=_STEP_S) as live:
                theirs = _per_s(stage, logs, shop, Gets(path="/health/live"), "200")
                shop.reset(one_hot_sku(1), shoppers=SHOPPERS)  # gone before the warm-up is over
                orders = Orders(skus=(SKU,), tokens=shop.tokens(SHOPPERS), label=f"turn-{turn}")
                ours = _per_s(stage, logs, shop, orders, "sold_out")
                live(f"{ours:,.0f}/s sold out, {theirs:,.0f}/s alive")
            pairs.append((ours, theirs))
    what = "sold-out answers/s to orders / answers/s of GET /health/live, from the same process"
    return {"sold_out": Ratio.of(pairs, what)}


def _per_s(stage: Stage, logs: Path, shop: Shop, requests: Gets | Orders, expected: str) -> float:
    load = Load(url=shop.url, requests=requests, clients=CLIENTS, warmup_s=_WARM_UP_S, duration_s=_MEASURED_S)
    result = drive(load, cores=stage.generator_cores, log=logs / "client.log")
    if set(result.answers) != {expected}:
        raise RunError(f"expected {expected!r} from {shop.url} and nothing else, got {result.answers}")
    return result.per_s


BENCH = Bench(measure=measure, steps=lambda: TURNS, step_s=_STEP_S)

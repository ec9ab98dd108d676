"""The compiled engine of the model against its SimPy original, and what patience costs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from harness.bench.common import Ratio
from harness.display import Display
from harness.errors import RunError
from harness.options import PROFILE
from scenarios.arrivals import generate
from scenarios.scenario import Scenario, load
from simulator import profile as profiles
from simulator.defaults import Settings
from simulator.model import simulate_strategy
from simulator.strategies import strategy_named

STEPS = 2
STEP_S = 40.0
_STRATEGIES = ("no_lock", "conditional_update", "pessimistic_lock", "optimistic_lock", "redis_hold")
_SEED = 1
_FEW, _MANY = 1_000, 100_000
_IMPATIENT_PER_S = 20_000
_PATIENCE_S = 0.02


def measure(display: Display) -> dict[str, Ratio]:
    """`compiled_vs_simpy_model` and `impatient_shoppers`.

    Raises:
        RunError: the engines did not do the same.
    """
    ratios: dict[str, Ratio] = {}
    with display.step("the model by both engines", expected_s=STEP_S) as live:
        ratios["compiled_vs_simpy_model"] = _engines(live)
    with display.step("impatient shoppers", expected_s=STEP_S):
        ratios["impatient_shoppers"] = _patience()
    return ratios


def _engines(live: Callable[[str], None]) -> Ratio:
    from simulator.compiled import play, prepare

    prepare()
    drop = load("sneaker_drop")
    pairs = []
    for name in _STRATEGIES:
        live(name)
        run, compiled_s = _timed(play, _run(drop, name))
        record, simpy_s = _timed(simulate_strategy, _run(drop, name))
        attempts = run.summary().attempts
        if attempts != record.history.height:
            raise RunError(f"{name}: {attempts} attempts compiled, {record.history.height} by SimPy")
        pairs.append((attempts / compiled_s, attempts / simpy_s))
    ours, theirs = zip(*pairs, strict=True)
    what = f"attempts/s of one core, compiled / by SimPy: sneaker_drop under {len(pairs)} strategies"
    return Ratio.of(pairs, what, {"ours_per_s": ours, "theirs_per_s": theirs})


def _patience() -> Ratio:
    """What a shopper costs the SimPy model where nobody waits long, of few and of many in the queue."""
    costs_s = {}
    for shoppers in (_FEW, _MANY):
        runs = [
            _timed(simulate_strategy, _run(_impatient(shoppers), "redis_hold"))[1]
            for _ in range(_MANY // shoppers)
        ]
        costs_s[shoppers] = statistics.fmean(runs) / shoppers
    what = f"CPU of a shopper in the SimPy model, of {_FEW:,} / of {_MANY:,} impatient ones in a queue"
    return Ratio.of(
        [(costs_s[_FEW], costs_s[_MANY])],
        what,
        {"few_us": [costs_s[_FEW] * 1e6], "many_us": [costs_s[_MANY] * 1e6]},
    )


def _impatient(shoppers: int) -> Scenario:
    drop = load("sneaker_drop").model_dump()
    drop["arrivals"] = {
        "shape": "constant",
        "per_s": _IMPATIENT_PER_S,
        "duration_s": shoppers / _IMPATIENT_PER_S,
    }
    drop["shoppers"] = {"patience_s": _PATIENCE_S, "retry": {"attempts": 1}}
    return Scenario.model_validate(drop)


def _run(scenario: Scenario, strategy: str) -> dict[str, Any]:
    return {
        "scenario": scenario,
        "strategy": strategy_named(strategy),
        "profile": profiles.load(PROFILE),
        "arrivals": generate(scenario, _SEED),
        "replication": 0,
        "settings": Settings(),
    }


def _timed(work: Callable[..., Any], arguments: dict[str, Any]) -> tuple[Any, float]:
    """What it gives, and the CPU that it took."""
    began_s = time.process_time()
    return work(**arguments), time.process_time() - began_s

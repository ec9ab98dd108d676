"""The compiled engine of the model against its SimPy original, and what patience costs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from harness.bench.common import Ratio
from harness.display import Display
from harness.errors import RunError
from harness.options import PROFILE
from scenarios.arrivals import generate
from scenarios.record import Record
from scenarios.scenario import Scenario, load
from simulator import profile as profiles
from simulator.defaults import Settings
from simulator.model import simulate_strategy
from simulator.strategies import strategy_named

Result = TypeVar("Result")

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
    from simulator.compiled import play

    drop = load("sneaker_drop")
    play(**_run(drop, _STRATEGIES[0])).record()  # compile, and load what else is loaded once
    pairs, unrecorded = [], []
    for name in _STRATEGIES:
        live(name)
        run, played_s = _timed(partial(play, **_run(drop, name)))
        compiled, recorded_s = _timed(run.record)
        by_simpy, simpy_s = _timed(partial(simulate_strategy, **_run(drop, name)))
        require_equal(name, compiled, by_simpy)
        attempts = compiled.history.height
        pairs.append((attempts / (played_s + recorded_s), attempts / simpy_s))
        unrecorded.append(attempts / played_s)
    ours, theirs = zip(*pairs, strict=True)
    what = (
        "attempts/s of one core, compiled / by SimPy, each from the arrivals to the record of every attempt "
        f"and the books: sneaker_drop under {len(pairs)} strategies, records equal. unrecorded: ours, without"
    )
    return Ratio.of(pairs, what, {"ours_per_s": ours, "theirs_per_s": theirs, "unrecorded_per_s": unrecorded})


def require_equal(strategy: str, compiled: Record, by_simpy: Record) -> None:
    """Accept two records of which every attempt, the books and so all figures are the same.

    Raises:
        RunError: they differ.
    """
    ours, theirs = compiled.history, by_simpy.history
    if ours.height != theirs.height:
        raise RunError(
            f"{strategy}: {ours.height} attempts compiled, {theirs.height} by SimPy; expected as many"
        )
    for column in ours.columns:
        if not ours[column].equals(theirs[column]):
            raise RunError(f"{strategy}: the engines differ in {column!r} of the attempts; expected the same")
    if compiled.books != by_simpy.books:
        raise RunError(f"{strategy}: the engines differ in the books; expected the same")


def _patience() -> Ratio:
    """What a shopper costs the SimPy model where nobody waits long, of few and of many in the queue."""
    costs_s = {}
    for shoppers in (_FEW, _MANY):
        runs = [
            _timed(partial(simulate_strategy, **_run(_impatient(shoppers), "redis_hold")))[1]
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


def _timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """What it gives, and the CPU that it took."""
    began_s = time.process_time()
    return work(), time.process_time() - began_s

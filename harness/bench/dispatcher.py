"""Arrivals a second that the open-loop generator keeps on time, against Locust's own closed loop.

The dispatcher sends orders that are sold out; Locust reads the emptiest route of the same system, from the
same core: its best case. A rate is kept when nobody was dropped and the 99th percentile of lateness stays
below 5 ms. The highest such rate, up to Locust's own, is found by bisection.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from harness.bench.common import CLIENTS, Bench, Ratio
from harness.display import Display
from harness.errors import RunError
from harness.generator import sending
from harness.processes import end_of, running
from harness.rehearsal import Rehearsal
from harness.shop import Shop
from harness.stage import Stage
from harness.strategies import known, named
from scenarios.arrivals import generate

TURNS = 3
BISECTIONS = 5
_LATENESS_P99_MS = 5.0
_CLOSED_S = 4
_OPEN_S = 4.0
_STEP_S = 9.0
_SEED = 1


def measure(stage: Stage, logs: Path, display: Display) -> dict[str, Ratio]:
    """`dispatcher`.

    Raises:
        RunError: the generator or the system died.
    """
    pairs = []
    with stage.shop(named("conditional_update", known()), log=logs / "system.log") as shop:
        for turn in range(TURNS):
            with display.step(f"Locust's closed loop, turn {turn + 1}", expected_s=_STEP_S) as live:
                closed = _closed_per_s(stage, logs, shop)
                live(f"{closed:,.0f} requests/s")
            low, high = 0.0, closed
            for number in range(BISECTIONS):
                rate = (low + high) / 2
                title = f"{rate:,.0f} arrivals/s, turn {turn + 1}, try {number + 1}"
                with display.step(title, expected_s=_STEP_S) as live:
                    lateness_ms, dropped = _open_lateness(stage, logs, shop, rate)
                    kept = lateness_ms < _LATENESS_P99_MS and not dropped
                    live(f"lateness p99 {lateness_ms:.1f} ms, {dropped} dropped")
                low, high = (rate, high) if kept else (low, rate)
            pairs.append((low, closed))
    what = (
        f"arrivals/s kept with p99 lateness below {_LATENESS_P99_MS:g} ms and none dropped / requests/s of "
        f"{CLIENTS} FastHttpUsers in a closed loop on an empty route; one core, the same system"
    )
    return {"dispatcher": Ratio.of(pairs, what)}


def _closed_per_s(stage: Stage, logs: Path, shop: Shop) -> float:
    log = logs / "closed-locust.log"
    command: list[str | Path] = [
        *(sys.executable, "-m", "locust", "--locustfile", Path(__file__).with_name("closed_locust.py")),
        *("--headless", "--only-summary", "--json-file", str(logs / "closed"), "--host", shop.url),
        *("--users", str(CLIENTS), "--spawn-rate", str(CLIENTS), "--run-time", f"{_CLOSED_S}s"),
    ]
    with running("Locust", command, log=log, cores=stage.generator_cores) as locust:
        locust.await_end(within_s=60)
    [reads] = json.loads((logs / "closed.json").read_text())
    if reads["num_failures"]:
        raise RunError(f"{reads['num_failures']} of Locust's requests failed:\n{end_of(log)}")
    return float(reads["num_requests"] / (reads["last_request_timestamp"] - reads["start_time"]))


def _open_lateness(stage: Stage, logs: Path, shop: Shop, rate_per_s: float) -> tuple[float, int]:
    """The 99th percentile of lateness in ms, and how many arrivals were dropped."""
    with tempfile.TemporaryDirectory(dir=logs) as folder:
        file = Path(folder) / "bench.toml"
        file.write_text(_SCENARIO.format(rate_per_s=rate_per_s, duration_s=_OPEN_S))
        rehearsal = Rehearsal.of(str(file), time_scale=1.0, seed=_SEED)
        shop.reset(rehearsal.scenario, shoppers=generate(rehearsal.scenario, _SEED).number_of_shoppers)
        with sending(shop, rehearsal, folder=Path(folder), cores=stage.generator_cores) as generator:
            generator.await_record(within_s=120)
            log = generator.record()[1].generator
    return log.lateness_p99_ms, log.dropped


BENCH = Bench(measure=measure, steps=lambda: TURNS * (1 + BISECTIONS), step_s=_STEP_S)

_SCENARIO = """
name = "bench"
summary = "One hot SKU"
arrivals = {{ shape = "constant", per_s = {rate_per_s}, duration_s = {duration_s} }}
products = [{{ id = "bench", name = "Bench", price_won = 1000, sizes = [{{ size = "1", units = 1 }}] }}]
"""

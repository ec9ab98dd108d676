"""Orders a second through the API, against pgbench making the same row changes on as many connections."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from sqlalchemy.engine import make_url

from harness.bench.common import CLIENTS, SHOPPERS, SKU, Bench, Ratio, one_hot_sku
from harness.closed_loop import Load, Orders, drive
from harness.display import Display
from harness.errors import RunError
from harness.processes import running
from harness.servers.binaries import postgres_installation
from harness.stage import Stage
from harness.strategies import known

TURNS = 5
_WARM_UP_S = 0.7
_MEASURED_S = 2.5
_STEP_S = 6.0
_PLENTY = 10_000_000
SCRIPT = Path(__file__).with_name("order.sql")


def measure(stage: Stage, logs: Path, display: Display) -> dict[str, Ratio]:
    """`orders.<strategy>` for every strategy.

    Raises:
        RunError: an order failed, or a process died.
    """
    strategies = [strategy.name for strategy in known()]
    pairs: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for turn in range(TURNS):
        with display.step(f"pgbench, turn {turn + 1}", expected_s=_STEP_S) as live:
            theirs = _pgbench_per_s(stage, logs)
            live(f"{theirs:,.0f} orders/s")
        for strategy in strategies:
            with display.step(f"{strategy}, turn {turn + 1}", expected_s=_STEP_S) as live:
                ours = _api_per_s(stage, logs, strategy, turn)
                live(f"{ours:,.0f} orders/s")
            pairs[strategy].append((ours, theirs))
    what = (
        "orders/s through the API / transactions/s of pgbench with the same row changes, statement by "
        f"statement (-M prepared); one hot SKU, {stage.pool_size} connections each, the same server and cores"
    )
    return {f"orders.{strategy}": Ratio.of(pairs[strategy], what) for strategy in strategies}


def _api_per_s(stage: Stage, logs: Path, strategy: str, turn: int) -> float:
    with stage.shop(strategy, log=logs / f"{strategy}.log") as shop:
        shop.reset(one_hot_sku(_PLENTY), shoppers=SHOPPERS)
        orders = Orders(skus=(SKU,), tokens=shop.tokens(SHOPPERS), label=f"turn-{turn}")
        load = Load(
            url=shop.url, requests=orders, clients=CLIENTS, warmup_s=_WARM_UP_S, duration_s=_MEASURED_S
        )
        result = drive(load, cores=stage.generator_cores, log=logs / "client.log")
    bought = result.answers.get("201", 0)
    if set(result.answers) - {"201", "conflict"}:
        raise RunError(f"{strategy}: expected nothing but orders and conflicts, got {result.answers}")
    return bought / result.duration_s


def _pgbench_per_s(stage: Stage, logs: Path) -> float:
    with stage.shop("conditional_update", log=logs / "stocking.log") as shop:
        shop.reset(one_hot_sku(_PLENTY), shoppers=SHOPPERS)
    url = make_url(stage.endpoints.database_url)
    command: list[str | Path] = [
        *(postgres_installation() / "bin" / "pgbench", "--no-vacuum", "--protocol=prepared"),
        *(f"--file={SCRIPT}", f"--define=shoppers={SHOPPERS}"),
        *(f"--client={stage.pool_size}", f"--time={_WARM_UP_S + _MEASURED_S:.0f}"),
        *(f"--host={url.query.get('host', url.host)}", f"--port={url.query.get('port', url.port)}"),
        *(f"--username={url.username}", url.database or "postgres"),
    ]
    log = logs / "pgbench.log"
    log.unlink(missing_ok=True)
    with running("pgbench", command, log=log, cores=stage.system_cores) as pgbench:
        pgbench.await_end(within_s=60)
    said = log.read_text()
    found = re.search(r"tps = ([0-9.]+)", said)
    if found is None:
        raise RunError(f"pgbench did not say its transactions per second:\n{said}")
    return float(found[1])


BENCH = Bench(measure, steps=lambda: TURNS * (1 + len(known())), step_s=_STEP_S)

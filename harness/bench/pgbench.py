"""pgbench making the row changes of an order: what everybody can compare a shop with."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy.engine import make_url

from harness.bench.common import SHOPPERS, one_hot_sku
from harness.errors import RunError
from harness.processes import running
from harness.servers.binaries import postgres_installation
from harness.stage import Stage
from harness.strategies import known, named

SCRIPT = Path(__file__).with_name("order.sql")
_PLENTY = 10_000_000


def stock(stage: Stage, logs: Path) -> None:
    """Fill the shop for `per_s`, which takes units from a single row."""
    with stage.shop(named("conditional_update", known()), log=logs / "stocking.log") as shop:
        shop.reset(one_hot_sku(_PLENTY), shoppers=SHOPPERS)


def per_s(stage: Stage, logs: Path, *, clients: int, seconds: int) -> float:
    """Transactions a second, each one order, by `clients` connections to a shop that was stocked.

    Raises:
        RunError: pgbench failed.
    """
    url = make_url(stage.endpoints.database_url)
    command: list[str | Path] = [
        *(postgres_installation() / "bin" / "pgbench", "--no-vacuum", "--protocol=prepared"),
        *(f"--file={SCRIPT}", f"--define=shoppers={SHOPPERS}"),
        *(f"--client={clients}", f"--time={seconds}"),
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

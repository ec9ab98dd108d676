"""One turn of a strategy: clients in a closed loop on one hot SKU, and what an order took."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.bench.common import SHOPPERS, SKU, one_hot_sku
from harness.closed_loop import Load, Orders, drive
from harness.errors import RunError
from harness.plenty import units_for
from harness.stage import Stage
from reports.experiment import StrategyUnderTest

_CLIENTS = 256  # a crowd: what merges the requests of many needs many
_WARM_UP_S = 0.5
_MEASURED_S = 1.5
TURN_S = 5.0  # with the start and the end of the shop


@dataclass(frozen=True)
class Turn:
    """Orders committed a second, and what each took of every role: CPU in microseconds, context switches."""

    per_s: float
    cpu_us: dict[str, float]
    switches: dict[str, float]


def take(stage: Stage, logs: Path, strategy: StrategyUnderTest, label: str) -> Turn:
    """Measure one turn.

    Raises:
        RunError: an order was neither committed nor a conflict, or a process died.
    """
    with stage.shop(strategy, log=logs / f"{strategy.name}.log") as shop:
        shop.reset(one_hot_sku(units_for(_WARM_UP_S + _MEASURED_S)), shoppers=SHOPPERS)
        load = Load(
            url=shop.url,
            requests=Orders(skus=(SKU,), tokens=shop.tokens(SHOPPERS), label=label),
            clients=_CLIENTS,
            warmup_s=_WARM_UP_S,
            duration_s=_MEASURED_S,
            roles=stage.roles(shop),
        )
        result = drive(load, cores=stage.generator_cores, log=logs / "client.log")
    committed = result.answers.get("201", 0)
    if not committed or set(result.answers) - {"201", "conflict"}:
        raise RunError(f"{strategy.name}: expected nothing but orders and conflicts, got {result.answers}")
    return Turn(
        per_s=committed / result.duration_s,
        cpu_us={role: seconds * 1e6 / committed for role, seconds in result.cpu_s.items()},
        switches={role: count / committed for role, count in result.switches.items()},
    )

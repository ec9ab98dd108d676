"""Where the benches play: servers and shops on the system's cores, clients on the generator's."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from harness import cpu
from harness.display import Display
from harness.servers import Endpoints, open_servers
from harness.shop import Shop, migrate, open_shop
from harness.strategies import known
from scenarios.scenario import Scenario

POOL_SIZE = 10  # connections, of the shop and of pgbench alike
CLIENTS = 64
SHOPPERS = 5_000
SKU = "bench-1"


class Ratio(BaseModel):
    """The median of the ratios turn by turn, the smallest and the largest of them, and what was compared."""

    model_config = ConfigDict(frozen=True)

    ratio: float
    low: float
    high: float
    what: str

    @classmethod
    def of(cls, pairs: Sequence[tuple[float, float]], what: str) -> Ratio:
        """The ratio of (ours, theirs), one pair for each turn."""
        ratios = [ours / theirs for ours, theirs in pairs]
        return cls(ratio=statistics.median(ratios), low=min(ratios), high=max(ratios), what=what)


@dataclass(frozen=True)
class Stage:
    """Servers that run, cores, and a folder for what the processes say."""

    endpoints: Endpoints
    system_cores: tuple[int, ...]
    client_cores: tuple[int, ...]
    logs: Path

    def shop(self, strategy: str) -> AbstractContextManager[Shop]:
        """A shop with one worker and `POOL_SIZE` connections."""
        return open_shop(
            strategy,
            database_url=self.endpoints.database_url,
            redis_url=self.endpoints.redis_url,
            workers=1,
            pool_size=POOL_SIZE,
            cores=self.system_cores,
            log=self.logs / f"{strategy}.log",
        )

    @property
    def strategies(self) -> tuple[str, ...]:
        """Every strategy that the system has."""
        return tuple(strategy.name for strategy in known())


@dataclass(frozen=True)
class Bench:
    """Something to compare, in `steps(stage)` steps of about `step_s` seconds each."""

    measure: Callable[[Stage, Display], dict[str, Ratio]]
    steps: Callable[[Stage], int]
    step_s: float


@contextmanager
def on_stage() -> Iterator[Stage]:
    """Embedded servers with the shop's schema, for as long as the block lasts."""
    system_cores, client_cores = cpu.split_cores()
    with (
        tempfile.TemporaryDirectory(prefix="dropday-bench-") as logs,
        open_servers("embedded", cores=system_cores) as endpoints,
    ):
        migrate(endpoints.database_url)
        yield Stage(endpoints, system_cores, client_cores, Path(logs))


def one_hot_sku(units: int) -> Scenario:
    """A scenario that sells `units` of one SKU, to shoppers who never run out of money."""
    return Scenario.model_validate(
        {
            "name": "bench",
            "summary": "One hot SKU",
            "arrivals": {"shape": "constant", "per_s": 1, "duration_s": 1},
            "products": [
                {"id": "bench", "name": "Bench", "price_won": 1000, "sizes": [{"size": "1", "units": units}]}
            ],
            "shoppers": {"balance_won": 10**12},
        }
    )

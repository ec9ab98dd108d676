"""What a calibration sees: one closed-loop run against the real system, in figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from scenarios.files import write_bytes

Kind = Literal[
    "sold_out",
    "light",
    "back_to_back",
    "saturated",
    "crowded",
    "late",
    "refused",
    "strangers",
    "browse",
]


OPEN: tuple[Kind, ...] = ("light", "crowded")
"""Kinds of runs in which shoppers do not wait for one another."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Timing(_Part):
    """The times of `count` events, in milliseconds."""

    count: int = Field(ge=1)
    mean: float = Field(ge=0)
    p50: float = Field(ge=0)
    p95: float = Field(ge=0)
    p99: float = Field(ge=0)
    max: float = Field(ge=0)

    @classmethod
    def of(cls, ms: NDArray[np.float64]) -> Self:
        """Those of at least one event."""
        p50, p95, p99, most = np.quantile(ms, [0.5, 0.95, 0.99, 1.0]).tolist()
        return cls(count=len(ms), mean=float(np.mean(ms)), p50=p50, p95=p95, p99=p99, max=most)

    def stretched(self, times: float) -> Self:
        """All of them so many times as long."""
        longer = {name: value * times for name, value in self.model_dump(exclude={"count"}).items()}
        return self.model_copy(update=longer)


class Cpu(_Part):
    """CPU seconds, to the nanosecond, that each role used in the measured window."""

    worker: float = Field(ge=0)
    consumer: float = Field(default=0.0, ge=0)
    database: float = Field(ge=0)
    redis: float = Field(ge=0)


class GeneratorSeen(_Part):
    """What the load generator took for each attempt: CPU, and how cold its core was, as it worked.

    `rested` is the sum over its rests: 0 for none, 1 for a long one.
    """

    cpu_ms: float = Field(ge=0)
    rested: float = Field(ge=0)


class Observation(_Part):
    """One run: of closed clients, each sending as soon as it has its answer, or of shoppers in an open loop.

    | kind | clients | what they send | what it is for |
    |---|---|---|---|
    | `back_to_back` | 1 | orders of one unit, plenty in stock | the demands of an order that meets nobody |
    | `saturated` | many | the same, all of one SKU | about how much there can be of it |
    | `light` | open | a quarter as many a second, each by a shopper of its own | how cold a core grows |
    | `crowded` | open | more than that | what contention adds |
    | `late` | 1 | as back to back, on the stock of the saturated run | what grows with what was sold |
    | `refused` | many | orders of two, where one is left, or one a bucket | "sold out" from the strategy |
    | `sold_out` | many | orders of a SKU that has none left | "sold out" from the sold-out board |
    | `strangers` | many | the same, each with a token of its own; any strategy | what a new token takes |
    | `browse` | 1 | GET of a product | the product page, and the way there and back; any strategy |

    `answered` counts all answers, `bought` those that took stock. `spans_ms` is by the name in Server-Timing;
    a span that occurs n times in an answer counts n times. `sold_before` were bought of this SKU before the
    window began. `machine_speeds` are how fast a fixed piece of work ran meanwhile, every 100 ms or on the
    mean, in any unit that is the same for all observations of a calibration. In an open loop `offered_per_s`
    shoppers come, there are no `clients`, latencies count from the moment that was meant, and there is
    something to be seen of the `generator`.
    """

    kind: Kind
    strategy: str = Field(min_length=1)
    clients: int = Field(ge=0)
    offered_per_s: float = Field(default=0.0, ge=0)
    workers: int = Field(ge=1)
    pool_size: int = Field(ge=1)
    system_cores: int = Field(ge=1)
    duration_s: float = Field(gt=0)
    answered: int = Field(ge=1)
    bought: int = Field(ge=0)
    sold_before: int = Field(default=0, ge=0)
    latency_ms: Timing
    spans_ms: dict[str, Timing]
    cpu_s: Cpu
    machine_speeds: tuple[Annotated[float, Field(gt=0)], ...] = Field(min_length=1)
    generator: GeneratorSeen | None = None

    @model_validator(mode="after")
    def _shows_its_kind(self) -> Self:
        buys = self.kind in ("light", "back_to_back", "saturated", "crowded", "late")
        if buys != (self.bought > 0):
            raise ValueError(
                f"{self.kind} run of {self.strategy}: {self.bought} of {self.answered} answers were orders; "
                f"expected {'some' if buys else 'none'}"
            )
        if self.kind in ("back_to_back", "late", "browse") and self.clients != 1:
            raise ValueError(f"{self.kind} run of {self.strategy}: {self.clients} clients; expected one")
        is_open = self.kind in OPEN
        if is_open != (self.offered_per_s > 0) or is_open == (self.clients > 0):
            raise ValueError(
                f"{self.kind} run of {self.strategy}: {self.clients} clients, {self.offered_per_s:g} offered "
                f"a second; expected {'the latter' if is_open else 'clients'} alone"
            )
        return self

    def at_speed(self, machine_speed: float) -> Self:
        """As it would have gone on a machine of another speed: all that takes time takes more or less."""
        times = fmean(self.machine_speeds) / machine_speed
        return self.model_copy(
            update={
                "duration_s": self.duration_s * times,
                "offered_per_s": self.offered_per_s / times,
                "latency_ms": self.latency_ms.stretched(times),
                "spans_ms": {span: timing.stretched(times) for span, timing in self.spans_ms.items()},
                "cpu_s": Cpu(**{role: used_s * times for role, used_s in self.cpu_s.model_dump().items()}),
                "machine_speeds": (machine_speed,),
            }
        )

    @property
    def per_s(self) -> float:
        """Orders a second where the kind buys, answers a second elsewhere."""
        return (self.bought or self.answered) / self.duration_s

    @property
    def busy_share(self) -> float:
        """Of the system's cores, while the window lasted."""
        used = self.cpu_s
        return (
            (used.worker + used.consumer + used.database + used.redis) / self.duration_s / self.system_cores
        )

    @property
    def retries(self) -> float:
        """How often an order was tried again, on the mean, as its spans tell: each try has them."""
        tries = max((span.count for span in self.spans_ms.values()), default=0) / self.answered
        return max(0.0, tries - 1)

    @property
    def sold_by_half_time(self) -> float:
        """Orders in the middle of the window."""
        return self.sold_before + self.bought / 2


@dataclass(frozen=True)
class Seen:
    """What the model showed: the observation, and the messages, batches and reads that it made, by span."""

    observation: Observation
    batches: Mapping[str, float]


_FILE = "observations.json"
_OBSERVATIONS = TypeAdapter(list[Observation])


def save_observations(observations: Sequence[Observation], folder: Path) -> None:
    """Write `observations.json` into `folder`."""
    write_bytes(folder / _FILE, _OBSERVATIONS.dump_json(list(observations), indent=1))

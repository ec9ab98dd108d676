"""What the closed-loop client is asked for, and what it measured."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Gets(_Part):
    """The same GET over and over."""

    kind: Literal["gets"] = "gets"
    path: str


class Orders(_Part):
    """Orders of one SKU: number k by the shopper of `tokens[k]`, of `skus[k]`, both taken round and round.

    Every order has a key of its own, that begins with `label`: one used before would replay old answers.
    """

    kind: Literal["orders"] = "orders"
    skus: tuple[str, ...] = Field(min_length=1)
    tokens: tuple[str, ...] = Field(min_length=1)
    label: str = Field(min_length=1, max_length=200)
    quantity: int = Field(default=1, ge=1)


class Load(_Part):
    """What to send, and how. Answers of the first `warmup_s` seconds are not measured.

    `roles` names the root processes whose CPU is read at both ends of the measured window. `to_the_end`: the
    window lasts until the last answer, not until the last request. Without a warm-up it then holds all that
    the requests took, and nothing by half.
    """

    url: str
    requests: Annotated[Gets | Orders, Field(discriminator="kind")]
    clients: int = Field(ge=1)
    duration_s: float = Field(gt=0)
    warmup_s: float = Field(default=0.0, ge=0)
    to_the_end: bool = False
    roles: dict[str, tuple[int, ...]] = {}


class Quantiles(_Part):
    """Milliseconds."""

    count: int
    mean: float
    p50: float
    p95: float
    p99: float
    max: float

    @classmethod
    def of(cls, values_ms: np.ndarray) -> Quantiles:
        """The quantiles of at least one value."""
        p50, p95, p99 = np.quantile(values_ms, [0.5, 0.95, 0.99]).tolist()
        return cls(
            count=values_ms.size,
            mean=float(values_ms.mean()),
            p50=p50,
            p95=p95,
            p99=p99,
            max=float(values_ms.max()),
        )


class Result(_Part):
    """The measured window. `answers` counts by problem code, or by status where the answer has none.

    An order that is queued is answered once it is decided, with what it would have been told at once: `201`
    is an order that is committed. `spans_ms` are those of Server-Timing; a span that occurs n times in an
    answer counts n times. `cpu_s` and `switches`, of context, are by the roles of the load.
    """

    duration_s: float
    answers: dict[str, int]
    latency_ms: Quantiles
    spans_ms: dict[str, Quantiles]
    cpu_s: dict[str, float]
    switches: dict[str, int]

    @property
    def completed(self) -> int:
        return sum(self.answers.values())

    @property
    def per_s(self) -> float:
        return self.completed / self.duration_s


LOADS = TypeAdapter(list[Load])
RESULTS = TypeAdapter(list[Result])

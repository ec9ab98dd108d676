"""Replications of the model in a run's folder: what each of them came to, examined where it was made.

Their records are not kept. The model makes them again from the experiment's seed, and those of one load test
would be a quarter of a gigabyte.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, Self

import numpy as np
from pydantic import Field

from reports.documents import Document
from reports.findings import Findings
from reports.series import Series
from reports.shapes import Metrics, Part
from reports.violations import AuditReport
from scenarios.files import write_text

SCHEMA: Literal["dropday.replications/1"] = "dropday.replications/1"
FILE = "replications.json"


class _Series(Part):
    step_s: float
    in_system: tuple[float, ...]
    orders_per_s: tuple[float, ...]
    tails_ms: dict[str, tuple[float, ...]]

    @classmethod
    def of(cls, series: Series) -> Self:
        return cls(
            step_s=series.step_s,
            in_system=tuple(series.in_system.tolist()),
            orders_per_s=tuple(series.orders_per_s.tolist()),
            tails_ms={outcome: tuple(tail.tolist()) for outcome, tail in series.tails_ms.items()},
        )

    def series(self) -> Series:
        return Series(
            step_s=self.step_s,
            in_system=np.array(self.in_system),
            orders_per_s=np.array(self.orders_per_s),
            tails_ms={outcome: np.array(tail) for outcome, tail in self.tails_ms.items()},
        )


class _Replication(Part):
    metrics: Metrics
    audit: AuditReport
    invalid: tuple[str, ...]
    series: _Series
    misfits: dict[str, float]

    @classmethod
    def of(cls, findings: Findings) -> Self:
        return cls(
            metrics=findings.metrics,
            audit=findings.audit,
            invalid=tuple(findings.invalid),
            series=_Series.of(findings.series),
            misfits=dict(findings.misfits),
        )

    def findings(self) -> Findings:
        return Findings(
            metrics=self.metrics,
            audit=self.audit,
            invalid=self.invalid,
            instead_of=(),
            series=self.series.series(),
            misfits=self.misfits,
        )


class Replications(Document):
    """All replications of one strategy, in order."""

    file = FILE

    schema_: Literal["dropday.replications/1"] = Field(default=SCHEMA, alias="schema")
    found: tuple[_Replication, ...]

    @classmethod
    def of(cls, several: Iterable[Findings]) -> Self:
        """`several`: what the replications came to, in order."""
        return cls(found=tuple(_Replication.of(findings) for findings in several))

    def save(self, run: Path) -> None:
        """Write it into the folder `run`, without a line for each of thousands of numbers."""
        write_text(run / self.file, self.model_dump_json(by_alias=True) + "\n")

    def findings(self) -> list[Findings]:
        """What they came to, in order."""
        return [one.findings() for one in self.found]

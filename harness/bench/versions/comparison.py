"""What a comparison of two versions found: every pair, and what follows from all of them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

from harness.bench.versions.interval import ratio_interval
from harness.bench.versions.repository import Version
from harness.bench.versions.shapes import Pair, Part, Trial
from harness.errors import UsageError
from reports.experiment import Machine
from scenarios.files import write_text

CONFIDENCE = 0.95  # that the intervals of all rows together hold the true ratios

FIGURES: Mapping[str, Callable[[Trial], float]] = {
    "cpu_us": lambda trial: sum(trial.cpu_us.values()),
    "worker_us": lambda trial: trial.cpu_us["worker"] + trial.cpu_us.get("consumer", 0.0),
    "database_us": lambda trial: trial.cpu_us["database"],
    "orders_per_s": lambda trial: trial.orders_per_s,
    "sold_out_per_s": lambda trial: trial.sold_out_per_s,
}
"""What is compared. `cpu_us` is of all roles together, Redis too; `worker_us` has the consumer in it."""


class Row(Part):
    """A figure under a strategy: ours / base with its interval, and the median of each side."""

    strategy: str
    figure: str
    ratio: float
    low: float
    high: float
    ours: float
    base: float

    @property
    def differs(self) -> bool:
        """Whether 1 is not in the interval."""
        return not self.low <= 1.0 <= self.high

    @property
    def is_worse(self) -> bool:
        """Whether ours takes more CPU than base, or does less in a second."""
        return (self.ratio > 1.0) == self.figure.endswith("_us")


class Comparison(Part):
    """Two versions under `strategies`, as far as they are measured: `measured` has the pairs of each."""

    base: Version
    ours: Version
    seed: int
    pairs: int
    strategies: tuple[str, ...]
    system_cores: tuple[int, ...]
    generator_cores: tuple[int, ...]
    machine: Machine
    measured: dict[str, tuple[Pair, ...]]
    rows: tuple[Row, ...]

    def with_strategy(self, name: str, pairs: Sequence[Pair]) -> Self:
        """The same, with the pairs of one more strategy and the rows that follow from them."""
        rows = tuple(self._row(name, figure, pairs) for figure in FIGURES)
        update = {"measured": self.measured | {name: tuple(pairs)}, "rows": self.rows + rows}
        return self.model_copy(update=update)

    def _row(self, strategy: str, figure: str, pairs: Sequence[Pair]) -> Row:
        of = FIGURES[figure]
        ours, base = [of(pair.ours) for pair in pairs], [of(pair.base) for pair in pairs]
        interval = ratio_interval(ours, base, confidence=self.confidence_of_a_row, seed=self.seed)
        return Row(
            strategy=strategy,
            figure=figure,
            **interval._asdict(),
            ours=statistics.median(ours),
            base=statistics.median(base),
        )

    @property
    def confidence_of_a_row(self) -> float:
        """So much that all rows together have `CONFIDENCE`, however they depend on each other: Bonferroni."""
        return 1 - (1 - CONFIDENCE) / (len(self.strategies) * len(FIGURES))

    def save(self, file: Path) -> None:
        """Write it as JSON.

        Raises:
            UsageError: it cannot be written.
        """
        try:
            write_text(file, self.model_dump_json(indent=2) + "\n")
        except OSError as error:
            mend = "choose a folder that can be written with --runs"
            raise UsageError(f"{file} cannot be written ({error.strerror}); {mend}") from error

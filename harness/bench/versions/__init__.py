"""`dropday bench --base`: whether the order path of the working tree is slower than that of another commit.

Both are checkouts of Dropday, of which only this is used: `python -m system migrate`, `serve` and `consume`
with settings in the environment, and the HTTP of the shop. They share the servers, the cores and, where their
locks are the same, the Python.
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from harness.axes import Axes
from harness.bench.versions.comparison import Comparison
from harness.bench.versions.pair import measure
from harness.bench.versions.places import places
from harness.bench.versions.repository import Repository
from harness.bench.versions.shapes import SIDES, Side
from harness.bench.versions.slices import Effort
from harness.display import Display
from harness.errors import RunError
from harness.machine import machine
from harness.stage import on_bare_stage
from reports.experiment import StrategyUnderTest

__all__ = ["PAIRS", "Effort", "Versions", "order"]

PAIRS = 10
_ROOT = Path(__file__).parents[3]
_SEED = 1
_PREPARATION_S = 12.0
_PAIR_S = 9.0


@dataclass(frozen=True)
class Versions:
    """What is to be compared: the working tree and the commit that `base` names, under `strategies`."""

    base: str
    strategies: Sequence[StrategyUnderTest]
    axes: Axes
    pairs: int
    effort: Effort

    def compare(self, file: Path, console: Console) -> Comparison:
        """Measure all pairs. `file` gets the strategies that are done, each as soon as it is.

        Raises:
            UsageError: there is no such commit, or `file` cannot be written.
            RunError: something died or answered wrongly.
        """
        comparison = None
        try:
            with closing(self._grown(console)) as grown:
                for comparison in grown:
                    comparison.save(file)
        except (KeyboardInterrupt, RunError):
            if comparison and comparison.measured:
                done = ", ".join(comparison.measured)
                console.print(f"done before that: {done}; see {file}", highlight=False, soft_wrap=True)
            raise
        assert comparison is not None  # noqa: S101 - there is one before the first strategy
        return comparison

    def _grown(self, console: Console) -> Generator[Comparison, None, None]:
        """The comparison without a strategy, then with one more each time."""
        repository = Repository.at(_ROOT)
        base, ours = repository.base(self.base), repository.ours()
        steps = 1 + len(self.strategies) * self.pairs
        with (
            tempfile.TemporaryDirectory(prefix="dropday-bench-") as folder,
            ExitStack() as servers,
            Display(console, steps=steps, expected_s=_PREPARATION_S + (steps - 1) * _PAIR_S) as display,
        ):
            with display.step("two versions and their servers", expected_s=_PREPARATION_S) as live:
                stage = servers.enter_context(on_bare_stage("embedded", self.axes))
                compared = places(repository, base, self.pairs, stage.endpoints, Path(folder), live)
            comparison = Comparison(
                base=base,
                ours=ours,
                seed=_SEED,
                pairs=self.pairs,
                strategies=tuple(strategy.name for strategy in self.strategies),
                system_cores=stage.system_cores,
                generator_cores=stage.generator_cores,
                machine=machine(stage.endpoints.versions),
                measured={},
                rows=(),
            )
            yield comparison
            for strategy in self.strategies:
                pairs = []
                for number, first in enumerate(order(self.pairs, strategy.name)):
                    with display.step(f"{strategy.name}, pair {number + 1}", expected_s=_PAIR_S) as live:
                        pair = measure(stage, compared, strategy, number, first, self.effort, Path(folder))
                        live(f"{pair.ours.orders_per_s:,.0f} orders/s, base {pair.base.orders_per_s:,.0f}")
                    pairs.append(pair)
                comparison = comparison.with_strategy(strategy.name, pairs)
                yield comparison


def order(pairs: int, strategy: str) -> list[Side]:
    """Who is first in each pair: at random, and each side in half of them."""
    random = np.random.default_rng([_SEED, *strategy.encode()])
    return [SIDES[which] for which in random.permuted(np.arange(pairs) % len(SIDES))]

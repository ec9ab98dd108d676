"""The runs of a calibration in which shoppers come in an open loop, sent by the load generator itself."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from harness.display import Live
from harness.measuring import send
from harness.rehearsal import Rehearsal
from harness.shop import Shop
from harness.stage import Stage
from scenarios.steady import hot_sku
from simulator.cautions import MOST_SENT_PER_S
from simulator.defaults import Settings
from simulator.observation import Kind, Observation
from simulator.open_loop import SEED, SEEN, OpenLoop

RUN_S = 4.0  # beside what it lasts: stock, warm-up, the generator's start
_LIGHT = 0.25  # of what there can be of it
_TRIALS = 3
_TOO_MANY, _TOO_FEW = 0.75, 0.95  # of those who come are served, in a crowd that says most of how many can be
_MORE = 1.3
_IN_WORDS: dict[Kind, str] = {"light": "light load", "crowded": "crowd"}


Run = Callable[[OpenLoop, Live], Observation]
"""Makes a run, and says what it showed."""


def run_of(stage: Stage, shop: Shop, load: OpenLoop, live: Live) -> Observation:
    """A run of a shop that is open, and stays so.

    To start one for each run took half of a calibration. Its tokens are new in each run: nobody is known.

    Raises:
        RunError: something died, hung, or did not come to rest.
    """
    with tempfile.TemporaryDirectory(prefix="dropday-calibration-") as scratch:
        folder = Path(scratch)
        rehearsal = Rehearsal.written(hot_sku(load.per_s, load.duration_s), folder / "steady.toml", SEED)
        sent = send(stage, shop, rehearsal, folder, lambda _: None)
        seen = load.observed(sent.record(stage, shop.strategy), shop.strategy.name)
    came_per_s = _came(sent.history, load) / seen.duration_s
    live(f"{_IN_WORDS[load.kind]}: {came_per_s:,.0f} shoppers/s came, and placed {seen.per_s:,.0f} orders/s")
    return seen


def _came(history: pl.DataFrame, load: OpenLoop) -> int:
    """Shoppers in the part of the run that is looked at: by chance more or fewer than their rate."""
    return history.filter(pl.col("intended_s") >= (1 - SEEN) * load.duration_s)["arrival"].n_unique()


@dataclass
class OpenRuns:
    """What is observed of one strategy, turn after turn, by crowds of the same size.

    Which size is found in the first turn: somewhat more than can be served. Of far more, most of the work
    would be to let them in, and of fewer, nothing would show what binds.
    """

    duration_s: float
    settings: Settings
    _crowd_per_s: float | None = None

    def observe(self, run: Run, closed_per_s: float, live: Live) -> list[Observation]:
        """A crowd, and a light load.

        Args:
            run: makes each of the runs.
            closed_per_s: orders a second of clients in a closed loop, where to begin to look.
        """
        crowded = self._crowded(run, closed_per_s, live)
        self._crowd_per_s = crowded.offered_per_s
        return [crowded, run(self._load("light", _LIGHT * crowded.per_s), live)]

    def _crowded(self, run: Run, closed_per_s: float, live: Live) -> Observation:
        if self._crowd_per_s:
            return run(self._load("crowded", self._crowd_per_s), live)
        load = self._load("crowded", closed_per_s)
        for _ in range(_TRIALS):
            seen = run(load, live)
            served = seen.per_s / load.per_s
            if _TOO_MANY <= served <= _TOO_FEW or (served > _TOO_FEW and load.per_s == MOST_SENT_PER_S):
                break
            per_s = load.per_s * _MORE if served > _TOO_FEW else (load.per_s + seen.per_s) / 2
            load = self._load("crowded", per_s)
        return seen

    def _load(self, kind: Kind, per_s: float) -> OpenLoop:
        return OpenLoop(kind, min(per_s, MOST_SENT_PER_S), self.duration_s, self.settings)

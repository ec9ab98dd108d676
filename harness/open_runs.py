"""The runs of a calibration in which shoppers come in an open loop, sent by the load generator itself."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.display import Live
from harness.measuring import measure
from harness.rehearsal import Rehearsal
from harness.stage import Stage
from reports.experiment import StrategyUnderTest
from scenarios.record import Record
from scenarios.steady import hot_sku
from simulator.cautions import MOST_SENT_PER_S
from simulator.defaults import Settings
from simulator.observation import Kind, Observation
from simulator.open_loop import SEED, OpenLoop

RUN_S = 6.0  # beside what it lasts: start, warm-up, drain
_LIGHT = 0.25  # of what there can be of it
_TRIALS = 3
_TOO_MANY, _TOO_FEW = 0.75, 0.95  # of those who come are served, in a crowd that says most of how many can be
_MORE = 1.3


Run = Callable[[OpenLoop, Live], Observation]
"""Makes a run, and says what it showed."""


def send(stage: Stage, strategy: StrategyUnderTest, load: OpenLoop, live: Live) -> Observation:
    """A run of the system on this stage.

    Raises:
        RunError: something died, hung, or did not come to rest.
    """
    with tempfile.TemporaryDirectory(prefix="dropday-calibration-") as scratch:
        folder = Path(scratch)
        rehearsal = Rehearsal.written(hot_sku(load.per_s, load.duration_s), folder / "steady.toml", SEED)
        measure(stage, rehearsal, strategy, folder, lambda _: None)
        seen = load.observed(Record.load(folder), strategy.name)
    live(f"{load.kind}: {seen.per_s:,.0f} of {load.per_s:,.0f}/s")
    return seen


@dataclass
class OpenRuns:
    """What is observed of one strategy, turn after turn, by crowds of the same size.

    Which size is found in the first turn: somewhat more than can be served. Of far more, most of the work
    would be to let them in, and of fewer, nothing would show what binds.
    """

    run: Run
    duration_s: float
    settings: Settings
    _crowd_per_s: float | None = None

    def observe(self, closed_per_s: float, live: Live) -> list[Observation]:
        """A crowd, and a light load.

        Args:
            closed_per_s: orders a second of clients in a closed loop, where to begin to look.
        """
        crowded = self._crowded(closed_per_s, live)
        self._crowd_per_s = crowded.offered_per_s
        return [crowded, self.run(self._load("light", _LIGHT * crowded.per_s), live)]

    def _crowded(self, closed_per_s: float, live: Live) -> Observation:
        if self._crowd_per_s:
            return self.run(self._load("crowded", self._crowd_per_s), live)
        load = self._load("crowded", closed_per_s)
        for _ in range(_TRIALS):
            seen = self.run(load, live)
            served = seen.per_s / load.per_s
            if _TOO_MANY <= served <= _TOO_FEW or (served > _TOO_FEW and load.per_s == MOST_SENT_PER_S):
                break
            per_s = load.per_s * _MORE if served > _TOO_FEW else (load.per_s + seen.per_s) / 2
            load = self._load("crowded", per_s)
        return seen

    def _load(self, kind: Kind, per_s: float) -> OpenLoop:
        return OpenLoop(kind, min(per_s, MOST_SENT_PER_S), self.duration_s, self.settings)

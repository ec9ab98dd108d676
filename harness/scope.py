"""How much a load test takes on: `smoke` for every commit, `standard` for a decision."""

from __future__ import annotations

from dataclasses import dataclass

REPLICATIONS = 39
"""Of the model where an interval of runs is shown: 90 % of others lie between the second of either end."""


@dataclass(frozen=True)
class Effort:
    """How long the measured window of each kind of run is, and how often all strategies have their turn."""

    rounds: int
    back_to_back_s: float
    saturated_s: float
    answers_s: float  # of the kinds that buy nothing
    open_s: float  # how long shoppers come in an open loop
    with_intervals: bool = False  # of the demands, which takes a fit more for each round


@dataclass(frozen=True)
class Scope:
    """`time_scale` shortens the scenario; `repeats` are measured runs and `replications` predicted ones."""

    time_scale: float
    repeats: int
    replications: int
    calibration: Effort


SCOPES = {
    "smoke": Scope(
        time_scale=0.5,
        repeats=1,
        replications=REPLICATIONS,
        calibration=Effort(rounds=1, back_to_back_s=1.0, saturated_s=1.0, answers_s=0.8, open_s=1.5),
    ),
    "standard": Scope(
        time_scale=1.0,
        repeats=2,
        replications=REPLICATIONS,
        calibration=Effort(rounds=2, back_to_back_s=1.5, saturated_s=1.0, answers_s=0.8, open_s=2.5),
    ),
}
CALIBRATION = Effort(
    rounds=3, back_to_back_s=2.0, saturated_s=1.0, answers_s=1.0, open_s=2.5, with_intervals=True
)

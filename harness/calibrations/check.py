"""Whether a calibration still holds: a few orders on real servers, held to those that it saw.

What the next run may differ by is the calibration's own spread of repeats (`Profile.speed_spread`), and how
much the processor's speed varied meanwhile (`Profile.speeds`). Beyond that, one factor for all strategies is
a machine that is faster or slower as a whole, and the profile can be scaled. Strategies that need different
factors, or one beyond all speeds that the calibration saw, need a new calibration.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, pstdev
from typing import Literal

from scipy.stats import t

from harness import closed_runs
from harness.calibrate import metered_shop
from harness.calibrations.kept import rounds_of
from harness.display import Live
from harness.errors import UncalibratedError
from harness.scope import CALIBRATION
from harness.stage import Stage
from reports.experiment import StrategyUnderTest
from reports.wording import names
from simulator.defaults import Settings
from simulator.observation import Kind, Observation
from simulator.profile import Profile
from simulator.strategies import strategy_named

CHECK_S = 12.0
_KIND: Kind = "saturated"  # many clients: the CPU that an order takes sets the pace
_COVERAGE = 0.95

Name = Literal["holds", "holds when scaled", "does not hold"]


@dataclass(frozen=True)
class Verdict:
    """What a check found, with its evidence. `scale` is by how much the machine is faster than it was."""

    name: Name
    scale: float
    sentence: str

    def applied_to(self, profile: Profile) -> Profile:
        """The profile of the machine as it is now: the same demands, on a processor of another speed."""
        if self.name != "holds when scaled":
            return profile
        speeds = tuple(speed * self.scale for speed in profile.speeds)
        return profile.model_copy(update={"speeds": speeds})


def observe(
    stage: Stage, strategies: Sequence[StrategyUnderTest], logs: Path, live: Live
) -> list[Observation]:
    """The same closed run as a calibration makes, of each strategy, once its shop is warm.

    Raises:
        UncalibratedError: the shop answered otherwise than it should, or the servers are not metered here.
        RunError: something died.
    """
    settings = Settings(workers=stage.axes.workers, pool_size=stage.axes.pool_size)
    seen = []
    for strategy in strategies:
        run = closed_runs.run_of(_KIND, strategy_named(strategy.name), CALIBRATION, settings)
        with metered_shop(stage, strategy, logs) as shop:
            _, warm = closed_runs.observe(stage, shop, [run, run], logs, live)
        seen.append(warm)
    return seen


def verdict(profile: Profile, seen: Sequence[Observation]) -> Verdict:
    """Whether what was seen just now is what the profile's calibration saw.

    Raises:
        UncalibratedError: it cannot be told, as the calibration has not repeated its runs.
    """
    rounds = rounds_of(profile)
    if rounds < 2:
        raise UncalibratedError(
            "it cannot be told whether this calibration holds: each of its runs was made once, and nothing "
            "says how far apart repeated runs are; calibrate with `dropday calibrate`, which repeats them"
        )
    calibrated = {one.strategy: profile.fits[one.strategy][_KIND].observed.per_s for one in seen}
    paces = {one.strategy: one.per_s / calibrated[one.strategy] for one in seen}
    processor = {one.strategy: fmean(one.machine_speeds) / profile.speed for one in seen}
    scale = math.exp(fmean(map(math.log, paces.values())))
    beyond_probe = [math.log(paces[name] / processor[name]) for name in paces]

    runs = len(seen)
    of_one_run = profile.speed_spread / math.sqrt(1 + 1 / rounds)
    of_processor = _spread_of_means(profile.speeds, len(seen[0].machine_speeds))
    sigmas = float(t.ppf((1 + _COVERAGE) / 2, len(profile.strategies) * (rounds - 1)))
    tolerance = sigmas * math.sqrt(of_one_run**2 * (1 / runs + 1 / rounds) + of_processor**2 / runs)
    agree = max(abs(one - fmean(beyond_probe)) for one in beyond_probe) <= sigmas * of_one_run * math.sqrt(
        1 - 1 / runs
    )
    evidence = (
        f"{names([f'{name} {pace:.2f}' for name, pace in paces.items()])} times the orders/s of its "
        f"calibration, the processor {fmean(processor.values()):.2f} times as fast"
    )
    slowest, fastest = min(profile.speeds), max(profile.speeds)
    if not agree:
        return Verdict("does not hold", scale, f"{evidence}; no one factor makes up for that")
    if abs(math.log(scale)) <= tolerance:
        low, high = math.exp(-tolerance), math.exp(tolerance)
        return Verdict("holds", 1.0, f"{evidence}; its own repeats allow {low:.2f} to {high:.2f}")
    if slowest <= scale <= fastest:
        return Verdict("holds when scaled", scale, evidence)
    return Verdict(
        "does not hold",
        scale,
        f"{evidence}; while it was calibrated the processor was never below {slowest:.2f} or above "
        f"{fastest:.2f} of its mean speed",
    )


def _spread_of_means(speeds: Sequence[float], probes: int) -> float:
    """How far apart stretches of so many probes are, as the deviation of a logarithm; 0 for one stretch."""
    starts = range(0, len(speeds) - probes + 1, probes)
    return pstdev(math.log(fmean(speeds[start : start + probes])) for start in starts) if starts else 0.0

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
from statistics import fmean, geometric_mean, pstdev
from typing import Literal

from scipy.stats import t

from harness import closed_runs
from harness.calibrate import metered_shop
from harness.calibrations.kept import REPEATED, rounds_of
from harness.display import Live
from harness.errors import UncalibratedError
from harness.scope import CALIBRATION
from harness.stage import Stage
from reports.experiment import StrategyUnderTest
from reports.wording import names
from simulator.defaults import Settings
from simulator.observation import Observation
from simulator.profile import Profile
from simulator.strategies import strategy_named

CHECK_S = 10.0
_COVERAGE = 0.95

Name = Literal["holds", "holds when scaled", "does not hold"]


@dataclass(frozen=True)
class Verdict:
    """What a check found, with its evidence. `scale` is by how much the machine is faster than it was."""

    name: Name
    scale: float
    evidence: str

    @property
    def sentence(self) -> str:
        """Of the calibration."""
        by = f" by {self.scale:.2f}" if self.name == "holds when scaled" else ""
        return f"it {self.name}{by}: {self.evidence}"

    def applied_to(self, profile: Profile) -> Profile:
        """The profile of the machine as it is now: the same demands, on a processor of another speed."""
        if self.name != "holds when scaled":
            return profile
        speeds = tuple(speed * self.scale for speed in profile.speeds)
        return profile.model_copy(update={"speeds": speeds})


def observe(
    stage: Stage, strategies: Sequence[StrategyUnderTest], logs: Path, live: Live
) -> list[Observation]:
    """The same closed run as a calibration makes, of each strategy, each in a shop of its own.

    Raises:
        UncalibratedError: the shop answered otherwise than it should, or the servers are not metered here.
        RunError: something died.
    """
    settings = Settings(workers=stage.axes.workers, pool_size=stage.axes.pool_size)
    seen: list[Observation] = []
    for strategy in strategies:
        modelled = strategy_named(strategy.name)
        run = closed_runs.run_of(REPEATED, modelled, CALIBRATION, settings, in_a_new_shop=True)
        with metered_shop(stage, strategy, logs) as shop:
            seen += closed_runs.observe(stage, shop, [run], logs, live)
    return seen


def require_repeats(profile: Profile) -> None:
    """Do nothing if a profile says how far apart repeated runs are.

    Raises:
        UncalibratedError: it does not, and nothing can be told by a check.
    """
    if rounds_of(profile) < 2:
        raise UncalibratedError(
            f"each run of the calibration of {profile.made_at} was made once, and nothing says how far apart "
            "repeated runs are; expected two rounds or more, as `dropday calibrate` makes them"
        )


def verdict(profile: Profile, seen: Sequence[Observation]) -> Verdict:
    """Whether what was seen just now, of one strategy or more, is what the profile's calibration saw.

    With s the deviation of one run and r rounds, the mean of n runs differs from that of the calibration by
    s sqrt(1/n + 1/r), and one of n runs from their mean by s sqrt(1 - 1/n); Student's t tells how often.

    Raises:
        UncalibratedError: the calibration has not repeated its runs.
    """
    require_repeats(profile)
    runs, rounds = len(seen), rounds_of(profile)
    scaled = fmean(profile.speeds)  # 1, unless an earlier check has scaled it
    calibrated = {name: kinds[REPEATED].observed.per_s * scaled for name, kinds in profile.fits.items()}
    paces = {one.strategy: one.per_s / calibrated[one.strategy] for one in seen}
    processor = [fmean(one.machine_speeds) / (profile.speed * scaled) for one in seen]
    scale = geometric_mean(paces.values())
    unexplained = [math.log(pace / speed) for pace, speed in zip(paces.values(), processor, strict=True)]
    furthest = max(abs(one - fmean(unexplained)) for one in unexplained)

    sigmas = float(t.ppf((1 + _COVERAGE) / 2, len(profile.strategies) * (rounds - 1)))
    of_one = profile.speed_spread / math.sqrt(1 + 1 / rounds)
    of_processor = _spread_of_means(profile.speeds, len(seen[0].machine_speeds))
    allowed = sigmas * math.sqrt(of_one**2 * (1 / runs + 1 / rounds) + of_processor**2 / runs)
    slowest, fastest = min(profile.speeds) / scaled, max(profile.speeds) / scaled

    told = names([f"{name} {pace:.2f}" for name, pace in paces.items()])
    evidence = f"{told} times the calibrated orders/s, the processor {fmean(processor):.2f} times as fast"
    if furthest > sigmas * of_one * math.sqrt(1 - 1 / runs):
        return Verdict("does not hold", scale, f"{evidence}; no one factor makes up for that")
    if abs(math.log(scale)) <= allowed:
        low, high = math.exp(-allowed), math.exp(allowed)
        return Verdict("holds", 1.0, f"{evidence}; its own repeats allow {low:.2f} to {high:.2f}")
    if slowest <= scale <= fastest:
        return Verdict("holds when scaled", scale, evidence)
    seen_then = f"the calibration saw {slowest:.2f} to {fastest:.2f} times its mean speed"
    return Verdict("does not hold", scale, f"{evidence}; {seen_then}")


def _spread_of_means(speeds: Sequence[float], probes: int) -> float:
    """How far apart stretches of so many probes are, as the deviation of a logarithm; 0 for one stretch."""
    starts = range(0, len(speeds) - probes + 1, probes)
    return pstdev(math.log(fmean(speeds[start : start + probes])) for start in starts) if starts else 0.0

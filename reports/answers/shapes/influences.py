"""What moves a figure: of the scenario, and of what the model knows."""

from __future__ import annotations

from typing import Literal

from reports.answers.shapes.common import Figure
from reports.shapes import Part


class Swing(Part):
    """What one factor alone does, everything else being as it is."""

    factor: str
    unmeasured: bool
    """The model was never held to runs that differ in it."""
    low_setting: str
    high_setting: str
    low: float
    """The figure at the low setting, the mean over replications."""
    high: float
    """And at the high one."""

    @property
    def width(self) -> float:
        """How far apart the two are."""
        return abs(self.high - self.low)


class Influence(Part):
    """What a factor does while the others vary as well, in the unit of the figure, or as a share."""

    factor: str
    effect: float
    """Morris: the mean absolute effect (mu*). Sobol: the total index."""
    half_width: float
    """Of its 95 % confidence interval, by resampling."""
    interplay: float
    """Morris: the standard deviation of the effects, large where a factor bends or depends on others.
    Sobol: the total less the first index."""


class StrategySensitivity(Part):
    """What moves the figure of one strategy."""

    strategy: str
    baseline: float
    """The figure of the scenario as it is."""
    swings: tuple[Swing, ...]
    """The widest first."""
    influences: tuple[Influence, ...]
    """The largest first."""


class Sensitivity(Part):
    """What do the spike's height, the stock, the patience, the bots do?"""

    figure: Figure
    replications: int
    method: Literal["morris", "sobol"]
    """Of the influences (SALib)."""
    runs: int
    """Of each strategy, for the influences."""
    strategies: tuple[StrategySensitivity, ...]


class Parameter(Part):
    """A calibrated parameter, and what not knowing it better does to the figure."""

    path: str
    """In the strategy's part of the profile, or in the profile itself."""
    value: float
    """In ms where the path says so."""
    least: float
    """It was moved between these two."""
    most: float
    known: bool
    """They are the ends of its interval in the profile, and not by the same share for all."""
    low: float
    """The figure at the least of it, the mean over replications."""
    high: float
    """And at the most."""
    spread: float
    """How far apart the figures are."""
    noise: float
    """How far apart two means would be by chance alone: the standard error of the paired difference."""

    @property
    def certain(self) -> float:
        """What is left of the spread when chance takes its part."""
        return max(0.0, self.spread - self.noise)


class StrategyParameters(Part):
    """Which of them to measure next."""

    strategy: str
    baseline: float
    parameters: tuple[Parameter, ...]
    """Those that moved the figure most in a first run, the widest certain spread first."""
    of: int
    """So many parameters there are."""


class MeasureNext(Part):
    """Which calibrated parameter should be measured next?"""

    figure: Figure
    relative: float
    """By so much a parameter is moved up and down of which the profile states no interval."""
    replications: int
    strategies: tuple[StrategyParameters, ...]

"""Strategies compared on one figure."""

from __future__ import annotations

from reports.answers.shapes.common import Estimate, Figure
from reports.shapes import Part


class Difference(Part):
    """A strategy's figure less that of the best, over pairs of runs with the same random numbers."""

    by: Estimate
    """With 95 % all intervals of an answer hold together, whichever strategy turned out to be the best."""
    pairs: int
    differs: bool
    """The interval does not hold 0."""
    gain: float | None
    """So many times fewer runs than with random numbers of their own; null where no pair differs."""


class StrategyCompared(Part):
    """The figure of one strategy."""

    strategy: str
    replications: int
    is_precise: bool
    """They are as many as the precision asks for."""
    mean: Estimate
    """With its interval of 95 %."""
    difference: Difference | None
    """From the best; null for the best itself."""


class Compare(Part):
    """Which strategy is better?"""

    figure: Figure
    precision: float
    """Asked for: the error of a mean, as a share of it, at most."""
    at_most: int
    """Replications of a strategy, where the precision asked for more."""
    is_fixed: bool
    """The number of replications was given, and not found."""
    best: str
    """Of the safe strategies that commit before they answer; of all, where there is none."""
    strategies: tuple[StrategyCompared, ...]

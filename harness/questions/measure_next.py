"""Which calibrated parameter to measure next: the one whose error would move the figure most."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import ClassVar, Literal

from harness.display import Live
from harness.questions.asking import Asking, figures_of, mean_of, measured, nobody_orders
from harness.questions.parameters import RELATIVE, Uncertain, parameters, with_value
from reports.answers.shapes import Figure, MeasureNext, Parameter, StrategyParameters
from reports.shapes import Metrics
from simulator.variants import Variant

End = Literal["least", "most", ""]
Key = tuple[str, str, End]
"""A strategy, the path of a parameter, and where it is moved to."""
Runs = Mapping[Key, Sequence[Metrics]]

_EXAMINED = 6  # parameters of each strategy
_ENDS: tuple[End, End] = ("least", "most")
_AS_IT_IS: tuple[str, End] = ("", "")


@dataclass(frozen=True)
class WhatToMeasure:
    """Asks which parameter's uncertainty matters most for a figure."""

    figure: Figure
    name: ClassVar = "measure-next"
    title: ClassVar = "which calibrated parameter to measure next"

    def why_not(self, asking: Asking) -> str:
        """Why it cannot be asked about this."""
        return nobody_orders(asking)

    def expected_s(self, asking: Asking) -> float:
        """About how long the answer takes."""
        every = sum(len(_every(asking, strategy.name)) for strategy in asking.strategies)
        promising = len(asking.strategies) * _EXAMINED * len(_ENDS)
        return asking.expected_s(every + promising * asking.paces)

    def answer(self, asking: Asking, live: Live) -> MeasureNext:
        """Move each parameter up once, then those that moved the figure most to both ends, several times."""
        names = [strategy.name for strategy in asking.strategies]
        first = asking.play(
            {key: _moved(asking, *key) for name in names for key in _first(asking, name)}, measured, 1, live
        )
        promising = {name: self._promising(asking, name, first) for name in names}
        keys = [(name, path, end) for name in names for path in promising[name] for end in _ENDS]
        runs = asking.sweep({key: _moved(asking, *key) for key in keys}, measured, asking.paces, live)
        return MeasureNext(
            figure=self.figure,
            relative=RELATIVE,
            replications=asking.paces,
            strategies=tuple(
                StrategyParameters(
                    strategy=name,
                    baseline=mean_of(first[name, *_AS_IT_IS], self.figure, name),
                    parameters=self._ranked(asking, name, promising[name], runs),
                    of=len(_every(asking, name)),
                )
                for name in names
            ),
        )

    def _promising(self, asking: Asking, strategy: str, first: Runs) -> list[str]:
        """The parameters that moved the figure most, in one run each."""
        as_it_is = mean_of(first[strategy, *_AS_IT_IS], self.figure, strategy)
        moved = {
            path: abs(mean_of(first[strategy, path, "most"], self.figure, strategy) - as_it_is)
            for path in _every(asking, strategy)
        }
        return sorted(moved, key=lambda path: -moved[path])[:_EXAMINED]

    def _ranked(
        self, asking: Asking, strategy: str, paths: Sequence[str], runs: Runs
    ) -> tuple[Parameter, ...]:
        known = _every(asking, strategy)
        found = [
            _parameter(
                path.removeprefix(f"strategies.{strategy}."),
                known[path],
                *(figures_of(runs[strategy, path, end], self.figure, strategy) for end in _ENDS),
            )
            for path in paths
        ]
        return tuple(sorted(found, key=lambda one: (-one.certain, -one.spread)))


def _parameter(path: str, one: Uncertain, low: Sequence[float], high: Sequence[float]) -> Parameter:
    """`low`, `high`: the figures at the least and at the most of it, run by run."""
    return Parameter(
        path=path,
        **one._asdict(),
        low=fmean(low),
        high=fmean(high),
        spread=abs(fmean(high) - fmean(low)),
        noise=standard_error([b - a for a, b in zip(low, high, strict=True)]),
    )


def standard_error(differences: Sequence[float]) -> float:
    """Of the mean of differences between runs with the same random numbers; 0 for a single one."""
    return stdev(differences) / math.sqrt(len(differences)) if len(differences) > 1 else 0.0


def _every(asking: Asking, strategy: str) -> dict[str, Uncertain]:
    return parameters(asking.profile, strategy, asking.scenario)


def _first(asking: Asking, strategy: str) -> list[Key]:
    """One run with each parameter at its upper end, and one with all of them as calibrated."""
    return [(strategy, *_AS_IT_IS), *((strategy, path, "most") for path in _every(asking, strategy))]


def _moved(asking: Asking, strategy: str, path: str, end: End) -> Variant:
    plain = asking.variant(strategy)
    if not end:
        return plain
    value = getattr(_every(asking, strategy)[path], end)
    return replace(plain, profile=with_value(asking.profile, path, value))

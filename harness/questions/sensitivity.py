"""What the height of the crowd, the stock, the patience and the bots do: one at a time, and all together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.display import Live
from harness.questions.asking import Asking, figures_of, mean_of, measured, nobody_orders
from harness.questions.factors import FACTORS, Factor
from reports.answers.shapes import Figure, Influence, Sensitivity, StrategySensitivity, Swing
from scenarios.scenario import Scenario

Method = Literal["morris", "sobol"]

_SAMPLES: dict[Method, int] = {"morris": 8, "sobol": 64}
_LEVELS = 4  # of Morris's grid
_NAMES = [factor.name for factor in FACTORS]
_PROBLEM = {
    "num_vars": len(FACTORS),
    "names": _NAMES,
    "bounds": [[0.0, 1.0]] * len(FACTORS),
}

Floats = NDArray[np.float64]


class _Setting(NamedTuple):
    """One factor, low or high; None: the scenario as it is."""

    factor: Factor | None
    x: float

    def scenario(self, asked: Scenario) -> Scenario:
        return self.factor.changed(asked, self.x) if self.factor else asked


_AS_IT_IS = _Setting(None, 0.5)
_ONE_AT_A_TIME = [_Setting(factor, x) for factor in FACTORS for x in (0.0, 1.0)]


@dataclass(frozen=True)
class WhatMatters:
    """Asks what moves a figure. `samples`: trajectories of Morris or points of Sobol; None: as usual."""

    figure: Figure
    method: Method = "morris"
    samples: int | None = None
    name: ClassVar = "sensitivity"
    title: ClassVar = "what the crowd, the stock, the patience and the bots do"

    def why_not(self, asking: Asking) -> str:
        """Why it cannot be asked about this."""
        return nobody_orders(asking)

    def expected_s(self, asking: Asking) -> float:
        """About how long the answer takes."""
        one_at_a_time = (1 + len(_ONE_AT_A_TIME)) * asking.paces
        return asking.expected_s((one_at_a_time + len(self._points(asking))) * len(asking.strategies))

    def answer(self, asking: Asking, live: Live) -> Sensitivity:
        """Change each factor alone, then all of them by a plan."""
        names = [strategy.name for strategy in asking.strategies]
        settings = {
            (name, setting): asking.variant(name, setting.scenario(asking.scenario))
            for name in names
            for setting in (_AS_IT_IS, *_ONE_AT_A_TIME)
        }
        alone = asking.sweep(settings, measured, asking.paces, live)
        points = self._points(asking)
        planned = {
            (name, row): asking.variant(name, changed(asking.scenario, point))
            for name in names
            for row, point in enumerate(points)
        }
        together = asking.play(planned, measured, 1, live)
        return Sensitivity(
            figure=self.figure,
            replications=asking.paces,
            method=self.method,
            runs=len(points),
            strategies=tuple(
                StrategySensitivity(
                    strategy=name,
                    baseline=mean_of(alone[name, _AS_IT_IS], self.figure, name),
                    swings=self._swings(
                        asking.scenario,
                        {
                            setting: mean_of(alone[name, setting], self.figure, name)
                            for setting in _ONE_AT_A_TIME
                        },
                    ),
                    influences=influences(
                        self.method,
                        asking.seed,
                        points,
                        np.array(
                            figures_of(
                                [run for row in range(len(points)) for run in together[name, row]],
                                self.figure,
                                name,
                            )
                        ),
                    ),
                )
                for name in names
            ),
        )

    def _swings(self, scenario: Scenario, means: dict[_Setting, float]) -> tuple[Swing, ...]:
        return widest_first(
            Swing(
                factor=factor.name,
                unmeasured=factor.unmeasured,
                low_setting=factor.setting(scenario, 0.0),
                high_setting=factor.setting(scenario, 1.0),
                low=means[_Setting(factor, 0.0)],
                high=means[_Setting(factor, 1.0)],
            )
            for factor in FACTORS
        )

    def _points(self, asking: Asking) -> Floats:
        return plan(self.method, asking.seed, self.samples or _SAMPLES[self.method])


def widest_first(swings: Iterable[Swing]) -> tuple[Swing, ...]:
    """The order of a tornado."""
    return tuple(sorted(swings, key=lambda swing: -swing.width))


def changed(scenario: Scenario, point: Floats) -> Scenario:
    """All factors at once, each where the plan has it."""
    for factor, x in zip(FACTORS, point.tolist(), strict=True):
        scenario = factor.changed(scenario, x)
    return scenario


def plan(method: Method, seed: int, samples: int) -> Floats:
    """f8[runs, factors]: where to look, as SALib's samplers say; all from 0 to 1."""
    from SALib.sample import morris, sobol  # here, as it loads pandas

    if method == "morris":
        points = morris.sample(_PROBLEM, samples, num_levels=_LEVELS, seed=seed)
    else:
        points = sobol.sample(_PROBLEM, samples, calc_second_order=False, seed=seed)
    return np.asarray(points, np.float64)


def influences(method: Method, seed: int, points: Floats, figures: Floats) -> tuple[Influence, ...]:
    """Morris's or Sobol's measures of each factor, the largest first; 0 where the figure never moves.

    Args:
        points: f8[n, factors], those of `plan`.
        figures: f8[n]: the figure at each.
    """
    from SALib.analyze import morris, sobol

    if np.ptp(figures) == 0:
        found = [(name, 0.0, 0.0, 0.0) for name in _NAMES]
    elif method == "morris":
        one = morris.analyze(_PROBLEM, points, figures, num_levels=_LEVELS, seed=seed)
        found = list(zip(_NAMES, one["mu_star"], one["mu_star_conf"], one["sigma"], strict=True))
    else:
        one = sobol.analyze(_PROBLEM, figures, calc_second_order=False, seed=seed)
        found = list(zip(_NAMES, one["ST"], one["ST_conf"], one["ST"] - one["S1"], strict=True))
    measures = (
        Influence(factor=name, effect=float(effect), half_width=float(half), interplay=float(interplay))
        for name, effect, half, interplay in found
    )
    return tuple(sorted(measures, key=lambda one: -one.effect))

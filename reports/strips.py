"""The pictures of each strategy by itself: what was measured, with what was predicted over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullLocator

from reports.canvas import FAINT, Canvas, colours
from reports.figures import Picture
from reports.findings import Findings, Runs
from reports.metrics import rank
from reports.series import MOST_STEPS, ONE_IN, Floats, on_one_grid, stacked
from reports.summary import StrategySummary

_PERCENTILES = {2: "50 %", 10: "90 %", 100: "99 %", 1000: "99.9 %", 10_000: "99.99 %"}
_LINES_OF_A_BAND = 3  # its edges, and the median
_FEWEST_STEPS = 40
_MOST_POINTS = 50_000  # of all lines over time: about a megabyte


class Strip(NamedTuple):
    """The pictures of one strategy."""

    strategy: str
    pictures: Sequence[Picture]


class _OneStrategy(NamedTuple):
    name: str
    runs: Runs
    colour: str

    @property
    def is_measured(self) -> bool:
        return bool(self.runs.measured)


def strips(strategies: Sequence[StrategySummary], runs: Mapping[str, Runs]) -> list[Strip]:
    """Each strategy by itself, over time and in the tail; the scales over time are the same for all."""
    shade = colours(strategies)
    runs = on_one_page(runs)
    every = [one.series for of_strategy in runs.values() for one in _either(of_strategy)]
    crowd = max(float(series.in_system.max(initial=1)) for series in every)
    pace = max(float(series.orders_per_s.max(initial=1)) for series in every)
    found = []
    for strategy in strategies:
        one = _OneStrategy(strategy.name, runs[strategy.name], shade[strategy.name])
        pictures = [
            _over_time(one, "in_system", "Attempts in the system", "attempts", top=crowd),
            _over_time(one, "orders_per_s", "Orders per second", "orders/s", top=pace),
            _tail(one),
        ]
        found.append(Strip(strategy.name, pictures))
    return found


def on_one_page(runs: Mapping[str, Runs]) -> Mapping[str, Runs]:
    """The runs in steps of one length, so long that the page stays small however many lines it has."""
    every = [one for of_strategy in runs.values() for one in _either(of_strategy)]
    lines = 2 * sum(len(one.measured) + _LINES_OF_A_BAND * bool(one.predicted) for one in runs.values())
    most = max(_FEWEST_STEPS, min(MOST_STEPS, _MOST_POINTS // lines))
    coarse = iter(on_one_grid([one.series for one in every], most))
    return {
        name: Runs(
            *([replace(one, series=next(coarse)) for one in kind] for kind in (of.measured, of.predicted))
        )
        for name, of in runs.items()
    }


def _either(runs: Runs) -> Sequence[Findings]:
    return [*runs.measured, *runs.predicted]


def _over_time(one: _OneStrategy, field: str, title: str, unit: str, *, top: float) -> Picture:
    canvas = Canvas(f"{one.name}-{field}", f"{title} over time, {one.name}.")
    with canvas as axes:
        step_s = _either(one.runs)[0].series.step_s
        for run in one.runs.measured:
            values = getattr(run.series, field)
            axes.plot(_times(len(values), step_s), values, color=one.colour, linewidth=1.2)
        predicted = stacked([getattr(run.series, field) for run in one.runs.predicted])
        _foreseen(axes, _times(predicted.shape[1], step_s), predicted, one.colour, one)
        axes.set_xlim(0)
        axes.set_ylim(0, 1.05 * top)
        axes.grid(axis="y")
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.set_ylabel(unit)
        axes.set_xlabel("seconds since the run began")
    return Picture(title, canvas.svg)


def _times(steps: int, step_s: float) -> Floats:
    return np.arange(steps, dtype=np.float64) * step_s


def _tail(one: _OneStrategy) -> Picture:
    canvas = Canvas(f"{one.name}-tail", f"Latency percentiles of orders taken and refused, {one.name}.")
    with canvas as axes:
        longest: list[float] = []
        for outcome, said, colour in (("bought", "bought", one.colour), ("sold_out", "sold out", FAINT)):
            measured, predicted = _tails(one.runs.measured, outcome), _tails(one.runs.predicted, outcome)
            for ms in measured:
                axes.plot(ONE_IN[: len(ms)], ms, color=colour, linewidth=1.2)
            _foreseen(axes, ONE_IN[: predicted.shape[1]], predicted, colour, one)
            reach = max(measured.shape[1], predicted.shape[1])
            if reach:
                _in_corner(axes, said, colour, line=len(longest))
                longest.append(ONE_IN[reach - 1])
        _tail_axes(axes, longest, room=1.0)
    return Picture("Latency", canvas.svg)


def _tails(runs: Sequence[Findings], outcome: str) -> Floats:
    """The tails of several runs as rows, as far as all of them reach; no row where an outcome is rare."""
    tails = [run.series.tails_ms[outcome] for run in runs if outcome in run.series.tails_ms]
    reach = min((len(tail) for tail in tails), default=0)
    return np.array([tail[:reach] for tail in tails]).reshape(len(tails), reach)


def _foreseen(axes: Axes, x: Floats, runs: Floats, colour: str, one: _OneStrategy) -> None:
    """The median of the replications, dashed beside a measurement, in the band of their interval."""
    if not runs.size:
        return
    ordered = np.sort(runs, axis=0)
    nth = rank(len(ordered))
    axes.fill_between(x, ordered[nth - 1], ordered[-nth], color=colour, alpha=0.22, linewidth=0)
    line = (0, (4, 2)) if one.is_measured else "-"
    axes.plot(x, np.median(ordered, axis=0), color=colour, linewidth=1, linestyle=line)


def _in_corner(axes: Axes, text: str, colour: str, *, line: int) -> None:
    """A label at the top left, where percentiles have not risen yet."""
    axes.annotate(text, (0.03, 0.94 - 0.12 * line), xycoords="axes fraction", color=colour, va="center")


def _tail_axes(axes: Axes, longest: Sequence[float], *, room: float) -> None:
    """Percentiles to the right, each nine as far from the last; latencies upwards from 0."""
    reach = max([10.0, *longest])
    shown = {one_in: label for one_in, label in _PERCENTILES.items() if one_in <= reach}
    axes.set_xscale("log")
    axes.set_xticks(list(shown), list(shown.values()))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(1, reach * room)
    axes.set_ylim(0)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.grid(axis="y")
    axes.set_ylabel("ms")
    axes.set_xlabel("of the attempts took no longer")

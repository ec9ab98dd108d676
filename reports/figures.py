"""The pictures of a report: what was measured, with what was predicted over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullLocator

from reports.canvas import FAINT, INK, ROLES, TIMES, Canvas, colours
from reports.findings import Findings, Runs
from reports.metrics import rank
from reports.series import ONE_IN, Floats, stacked
from reports.shapes import Percentiles
from reports.summary import StrategySummary
from reports.wording import number

_PERCENTILES = {2: "50 %", 10: "90 %", 100: "99 %", 1000: "99.9 %", 10_000: "99.99 %"}
_ROOM_FOR_LABELS = 1.6
_FEW = 6
_ROW, _NARROW_ROW = 0.4, 0.29


class Picture(NamedTuple):
    """An SVG, what it shows, and how to read it."""

    title: str
    svg: str
    caption: str = ""


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


def overview(strategies: Sequence[StrategySummary]) -> list[Picture]:
    """The strategies side by side, a row for each: units sold, waits, where time went, what the cores did."""
    return [_units(strategies), _waits(strategies), _times_of(strategies), _cores(strategies)]


def strips(strategies: Sequence[StrategySummary], runs: Mapping[str, Runs]) -> list[Strip]:
    """Each strategy by itself, over time and in the tail; the scales over time are the same for all."""
    shade = colours(strategies)
    every = [one.series for of_strategy in runs.values() for one in _either(of_strategy)]
    crowd = max(float(series.in_system.max(initial=1)) for series in every)
    pace = max(float(series.orders_per_s.max(initial=1)) for series in every)
    found = []
    for strategy in strategies:
        one = _OneStrategy(strategy.name, runs[strategy.name], shade[strategy.name])
        pictures = [
            _over_time(one, field="in_system", title="Attempts in the system", top=crowd),
            _over_time(one, field="orders_per_s", title="Orders per second", top=pace),
            _tail(one),
        ]
        found.append(Strip(strategy.name, pictures))
    return found


def _either(runs: Runs) -> Sequence[Findings]:
    return [*runs.measured, *runs.predicted]


def _units(strategies: Sequence[StrategySummary]) -> Picture:
    shade = colours(strategies)
    stock = strategies[0].figures.units.stock
    most = max([1.0, *(one.figures.intervals["units.sold"].high for one in strategies)])
    in_sight = stock <= _ROOM_FOR_LABELS * most
    label = "Units sold by each strategy, against the stock."
    canvas = Canvas("units", label, height=_height(strategies))
    with canvas as axes:
        for row, strategy in enumerate(strategies):
            _bar_of_units(axes, row, strategy, shade[strategy.name])
        if in_sight:
            axes.axvline(stock, color=INK, linewidth=0.8)
            axes.annotate(f"{number(stock)} in stock", (stock, -0.75), ha="center", fontsize=9)
        _name_rows(axes, strategies)
        axes.set_xlim(0, _ROOM_FOR_LABELS * max(most, stock if in_sight else 0))
        axes.set_xlabel("units")
    notes = [
        "Hatched: sold beyond the stock." if any(one.figures.units.oversold for one in strategies) else "",
        "Diamond and line: predicted, with its interval."
        if any(one.prediction_error for one in strategies)
        else "",
        "" if in_sight else f"The stock of {number(stock)} is beyond the scale.",
    ]
    return Picture("Units sold", canvas.svg, " ".join(filter(None, notes)))


def _height(strategies: Sequence[StrategySummary]) -> float:
    """Rows move together where there are many."""
    return 0.8 + len(strategies) * (_ROW if len(strategies) <= _FEW else _NARROW_ROW)


def _bar_of_units(axes: Axes, row: int, strategy: StrategySummary, colour: str) -> None:
    units = strategy.figures.units
    there = units.sold - units.oversold
    axes.barh(row, there, height=0.5, color=colour)
    axes.barh(row, units.oversold, left=there, height=0.5, fill=False, edgecolor=colour, hatch="/////")
    said = (
        f"{number(units.sold)}, {number(units.oversold)} too many" if units.oversold else number(units.sold)
    )
    axes.annotate(said, (units.sold, row), xytext=(5, 0), textcoords="offset points", va="center")
    if strategy.measured and strategy.predicted:
        bounds = strategy.predicted.intervals["units.sold"]
        axes.plot([bounds.low, bounds.high], [row + 0.36] * 2, color=FAINT, linewidth=1)
        axes.plot(strategy.predicted.units.sold, row + 0.36, "D", color=FAINT, markersize=3.5)


def _beside(axes: Axes, at: tuple[float, float], text: str, colour: str = INK) -> None:
    """A label right of a point."""
    axes.annotate(text, at, xytext=(5, 0), textcoords="offset points", color=colour, va="center")


def _in_corner(axes: Axes, text: str, colour: str, *, line: int) -> None:
    """A label at the top left, where percentiles have not risen yet."""
    axes.annotate(text, (0.03, 0.94 - 0.12 * line), xycoords="axes fraction", color=colour, va="center")


def _name_rows(axes: Axes, strategies: Sequence[StrategySummary]) -> None:
    axes.set_yticks(range(len(strategies)), [strategy.name for strategy in strategies], color=INK)
    axes.set_ylim(len(strategies) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _waits(strategies: Sequence[StrategySummary]) -> Picture:
    shade = colours(strategies)
    canvas = Canvas("waits", "How long the buyers of each strategy waited.", height=_height(strategies))
    queued = False
    with canvas as axes:
        for row, strategy in enumerate(strategies):
            latency = strategy.figures.latency_ms
            if "bought" in latency:
                _range(axes, row, latency["bought"], shade[strategy.name])
            if "acknowledged" in latency:
                _range(axes, row - 0.3, latency["acknowledged"], FAINT)
                queued = True
        _name_rows(axes, strategies)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda ms, _: number(ms))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.grid(axis="x")
        axes.set_xlabel("ms from the intended time to the answer")
    caption = "Dot: half of the buyers; tick: 19 of 20; end: 99 of 100."
    return Picture(
        "How long buyers waited",
        canvas.svg,
        f"{caption} Grey: until the order was queued." if queued else caption,
    )


def _range(axes: Axes, row: float, waits: Percentiles, colour: str) -> None:
    axes.plot([waits.p50, waits.p99], [row, row], color=colour, linewidth=1.6)
    axes.plot(waits.p50, row, "o", color=colour, markersize=5)
    axes.plot(waits.p95, row, "|", color=colour, markersize=7)


def _times_of(strategies: Sequence[StrategySummary]) -> Picture:
    label = "Where the time of an order goes under each strategy."
    canvas = Canvas("times", label, height=_height(strategies) + 0.15)
    with canvas as axes:
        for row, strategy in enumerate(strategies):
            shares = strategy.figures.time_shares
            _stack(axes, row, {kind: getattr(shares, kind) if shares else 0 for kind in TIMES}, TIMES)
        _name_rows(axes, strategies)
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100 %"])
        axes.set_xlabel("of the time from the sending of an order to its answer")
        _legend(axes, columns=len(TIMES))
    caption = (
        "worker: waiting for the process, in it, and on the wire; pool: for a connection; lock: for a lock "
        "or a lease; queue: in a batch or a queue; flush: for the disk; database and redis: at work there."
    )
    return Picture("Where the time of an order goes", canvas.svg, caption)


def _stack(axes: Axes, row: int, parts: Mapping[str, float], shade: Mapping[str, str]) -> float:
    """A bar of several parts; where it ends."""
    left = 0.0
    for name, length in parts.items():
        axes.barh(row, length, left=left, height=0.6, color=shade[name], label=name if row == 0 else None)
        left += length
    return left


def _legend(axes: Axes, *, columns: int) -> None:
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=columns,
        frameon=False,
        fontsize=8.5,
        borderpad=0,
        handlelength=1.0,
        handletextpad=0.4,
        columnspacing=0.9,
    )


def _cores(strategies: Sequence[StrategySummary]) -> Picture:
    label = "Cores kept busy, and what bound each run."
    canvas = Canvas("cores", label, height=_height(strategies) + 0.15)
    with canvas as axes:
        widest = 1.0
        for row, strategy in enumerate(strategies):
            used = strategy.figures.utilisation
            end = _stack(axes, row, {role: getattr(used, role) if used else 0 for role in ROLES}, ROLES)
            widest = max(widest, end)
            _beside(axes, (end, row), strategy.figures.bound_by)
        _name_rows(axes, strategies)
        axes.set_xlim(0, 1.9 * widest)
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.set_xlabel("cores kept busy while the orders came fastest")
        _legend(axes, columns=len(ROLES))
    return Picture("What bound each run", canvas.svg)


def _over_time(one: _OneStrategy, *, field: str, title: str, top: float) -> Picture:
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

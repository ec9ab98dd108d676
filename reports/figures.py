"""The pictures of a report side by side: a row for each strategy, measured or else predicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from reports.canvas import FAINT, INK, ROLES, TIMES, Canvas, colours
from reports.scales import log_x
from reports.shapes import Percentiles
from reports.summary import StrategySummary
from reports.wording import number

_ROOM_FOR_LABELS, _ROOM_FOR_LONG_LABELS = 1.6, 1.9
_FEW = 6
_ROW, _NARROW_ROW = 0.4, 0.29


class Picture(NamedTuple):
    """An SVG, what it shows, and how to read it."""

    title: str
    svg: str
    caption: str = ""


def overview(strategies: Sequence[StrategySummary]) -> list[Picture]:
    """The strategies side by side, a row for each: units sold, waits, where time went, what the cores did."""
    return [
        _units(strategies),
        _queue(strategies),
        _waits(strategies, "order", "attempts to order", "How long all who asked waited"),
        _waits(strategies, "bought", "orders taken", "How long buyers waited"),
        _times_of(strategies),
        _cores(strategies),
    ]


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


def _name_rows(axes: Axes, strategies: Sequence[StrategySummary]) -> None:
    axes.set_yticks(range(len(strategies)), [strategy.name for strategy in strategies], color=INK)
    axes.set_ylim(len(strategies) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _queue(strategies: Sequence[StrategySummary]) -> Picture:
    shade = colours(strategies)
    label = "When all was sold under each strategy, and when the queue was gone."
    canvas = Canvas("queue", label, height=_height(strategies))
    with canvas as axes:
        latest = 1.0
        for row, strategy in enumerate(strategies):
            sold_out_s = strategy.figures.sold_out_after_s
            gone_s = strategy.figures.queue_gone_after_s
            if gone_s is not None:
                axes.barh(row, gone_s, height=0.5, color=shade[strategy.name], alpha=0.35)
                most = f"{number(gone_s)} s, {number(strategy.figures.peak_in_system)} at most"
                _beside(axes, (gone_s, row), most)
            if sold_out_s is not None:
                axes.plot([sold_out_s] * 2, [row - 0.34, row + 0.34], color=shade[strategy.name], linewidth=2)
            latest = max(latest, sold_out_s or 0, gone_s or 0)
        _name_rows(axes, strategies)
        axes.set_xlim(0, _ROOM_FOR_LONG_LABELS * latest)
        axes.set_xlabel("seconds since the first arrival")
    caption = "Bar: until the queue was gone, and the most attempts under way at once. Line: sold out."
    return Picture("Sold out, and the queue gone", canvas.svg, caption)


def _waits(strategies: Sequence[StrategySummary], outcome: str, whose: str, title: str) -> Picture:
    shade = colours(strategies)
    name = f"waits-{outcome}"
    canvas = Canvas(name, f"{title} under each strategy.", height=_height(strategies))
    with canvas as axes:
        drawn: list[Percentiles] = []
        for row, strategy in enumerate(strategies):
            latency = strategy.figures.latency_ms
            if outcome in latency:
                _range(axes, row, latency[outcome], shade[strategy.name])
                drawn.append(latency[outcome])
            if "acknowledged" in latency:
                _range(axes, row - 0.3, latency["acknowledged"], FAINT)
                drawn.append(latency["acknowledged"])
        _name_rows(axes, strategies)
        if drawn:
            log_x(axes, min(one.p50 for one in drawn), max(one.p99 for one in drawn))
        axes.grid(axis="x")
        axes.set_xlabel("ms from the intended time to the answer")
    queued = any("acknowledged" in strategy.figures.latency_ms for strategy in strategies)
    caption = f"Dot: half of the {whose}; tick: 19 of 20; end: 99 of 100."
    return Picture(title, canvas.svg, f"{caption} Grey: until the order was queued." if queued else caption)


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
        axes.set_xlim(0, _ROOM_FOR_LONG_LABELS * widest)
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.set_xlabel("cores kept busy while the orders came fastest")
        _legend(axes, columns=len(ROLES))
    return Picture("What bound each run", canvas.svg)

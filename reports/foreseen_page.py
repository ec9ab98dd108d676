"""What was foreseen of a large crowd as a page: `foreseen.html`, one file that opens offline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from matplotlib.axes import Axes

from reports.answers.drawing import beside, height_of, log_scale, name_rows
from reports.answers.shapes import Spread
from reports.canvas import FAINT, Canvas, colours, custom_property
from reports.figures import Picture
from reports.foreseen import Foreseen, StrategyForeseen
from reports.templating import template
from reports.wording import number, share
from scenarios.files import write_text

FILE = "foreseen.html"
_WIDTH = 5.4

Shades = Mapping[str, str]


def write(found: Foreseen, folder: Path) -> None:
    """Write `foreseen.html` into `folder`."""
    write_text(folder / FILE, html(found))


def html(found: Foreseen) -> str:
    """The whole page; nothing in it is fetched from elsewhere."""
    shade = colours(found.strategies)
    return template("foreseen.html").render(
        told=found,
        headline=headline(found),
        pictures=[_pace(found, shade), _waits(found, shade), _peak(found, shade)],
        queued=[one.name for one in found.strategies if one.ack == "queued"],
        controls=[one.name for one in found.strategies if not one.safe],
        colours={name: custom_property(colour) for name, colour in shade.items()},
    )


def headline(found: Foreseen) -> str:
    """What it comes to, in a sentence: how long the queue gets, from the shortest to the longest.

    Orders a second are not ranked: of a small stock they rest on a fraction of a second.
    """
    if not any(one.orders_per_s.mean for one in found.found):
        return f"{people(found)} shoppers: in no run did any strategy take two orders."
    by_queue = sorted(found.found, key=lambda one: one.peak_in_system.mean)
    shortest, longest = by_queue[0], by_queue[-1]
    least, most = (number(one.peak_in_system.mean) for one in (shortest, longest))
    if least == most:
        return f"{people(found)} shoppers: at most {least} attempts are in the system at once."
    return (
        f"{people(found)} shoppers: at most {least} ({shortest.strategy}) to {most} ({longest.strategy}) "
        "attempts are in the system at once."
    )


def people(found: Foreseen) -> str:
    """How many shoppers are expected; less than one is not rounded to none."""
    return number(round(found.shoppers) if found.shoppers >= 1 else found.shoppers)


def _pace(found: Foreseen, shade: Shades) -> Picture:
    return _ranges(
        found, shade, "foreseen-pace", "Orders a second", "orders a second, at their fastest",
        lambda one: one.orders_per_s,
    )  # fmt: skip


def _peak(found: Foreseen, shade: Shades) -> Picture:
    return _ranges(
        found, shade, "foreseen-peak", "Most attempts in the system", "attempts at once",
        lambda one: one.peak_in_system,
    )  # fmt: skip


def _ranges(
    found: Foreseen,
    shade: Shades,
    name: str,
    title: str,
    label: str,
    figure: Callable[[StrategyForeseen], Spread],
) -> Picture:
    """A row for each strategy: the mean, and between which values one more run would lie."""
    canvas = Canvas(name, f"{title} under each strategy.", width=_WIDTH, height=height_of(len(found.found)))
    with canvas as axes:
        for row, one in enumerate(found.found):
            value = figure(one)
            _range(axes, row, value, shade[one.strategy])
            beside(axes, (value.high, row), number(value.mean))
        _finish(axes, found, label)
        axes.set_xlim(0, 1.2 * max(figure(one).high for one in found.found) or 1.0)
        axes.xaxis.set_major_formatter(lambda value, _: number(value))
        axes.locator_params(axis="x", nbins=5)
    return Picture(title, canvas.svg, f"Dot: the mean. Line: where {_so_many(found)} runs lie.")


def _waits(found: Foreseen, shade: Shades) -> Picture:
    canvas = Canvas(
        "foreseen-waits",
        "How long the buyers of each strategy wait.",
        width=_WIDTH,
        height=height_of(len(found.found)),
    )
    with canvas as axes:
        for row, one in enumerate(found.found):
            if one.buyers_ms is None:
                continue
            for spread, marker in ((one.buyers_ms.p50, "o"), (one.buyers_ms.p99, "|")):
                _range(axes, row, spread, shade[one.strategy], marker=marker)
            beside(axes, (one.buyers_ms.p99.high, row), number(one.buyers_ms.p99.mean))
        _finish(axes, found, "ms from sending to the answer")
        axes.margins(x=0.12)
        log_scale(axes, "x")
    caption = (
        f"Dot: half of the buyers. Tick, and figure: 99 of 100. Lines: where {_so_many(found)} runs lie."
    )
    return Picture("How long buyers wait", canvas.svg, caption)


def _range(axes: Axes, row: int, value: Spread, colour: str, *, marker: str = "o") -> None:
    axes.plot([value.low, value.high], [row, row], color=FAINT, linewidth=1.6)
    axes.plot(value.mean, row, marker, color=colour, markersize=5 if marker == "o" else 8)


def _finish(axes: Axes, found: Foreseen, label: str) -> None:
    name_rows(axes, [one.strategy for one in found.found])
    axes.grid(axis="x")
    axes.set_xlabel(label)


def _so_many(found: Foreseen) -> str:
    return share(found.coverage) + " of"

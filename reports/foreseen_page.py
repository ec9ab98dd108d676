"""What was foreseen of a large crowd as a page: `foreseen.html`, one file that opens offline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from matplotlib.axes import Axes

from reports.answers.accuracy import off
from reports.answers.drawing import beside, height_of, log_scale, name_rows
from reports.answers.shapes import Spread
from reports.canvas import FAINT, Canvas, colours, custom_property
from reports.figures import Picture
from reports.foreseen import Foreseen, StrategyForeseen
from reports.templating import template
from reports.wording import names, number, share
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
        pictures=[_waits(found, shade), _peak(found, shade), _pace(found, shade)],
        off=partial(off, found),
        queued=[one.name for one in found.strategies if one.ack == "queued"],
        controls=[one.name for one in found.strategies if not one.safe],
        colours={name: custom_property(colour) for name, colour in shade.items()},
    )


def headline(found: Foreseen) -> str:
    """What it comes to, in a sentence: under which safe strategy whoever asks waits least.

    By the 99th of 100 of all who ask: whoever is sent away waits as well, and most of a crowd is. A strategy
    whose interval meets that of the best is not told from it.
    """
    fair = {one.name for one in found.strategies if one.safe and one.ack == "committed"}
    among = [one for one in found.found if one.strategy in fair] or found.found
    waits = {one.strategy: one.everyone_ms.p99 for one in among if one.everyone_ms}
    if not waits:
        return f"{people(found)} shoppers: in no run did anybody ask for anything."
    best = min(waits, key=lambda name: waits[name].mean)
    peak = next(one.peak_in_system.mean for one in among if one.strategy == best)
    close = [name for name, wait in waits.items() if name != best and wait.low <= waits[best].high]
    untold = (
        f", which cannot be told from that of {names(close)} in {found.replications} runs" if close else ""
    )
    return (
        f"{people(found)} shoppers: the shortest p99 of the waits of all who ask is that of {best}, "
        f"{number(waits[best].mean)} ms, with up to {number(peak)} attempts in the system at once{untold}."
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
        "How long those who ask wait under each strategy.",
        width=_WIDTH,
        height=height_of(len(found.found)),
    )
    with canvas as axes:
        for row, one in enumerate(found.found):
            if one.everyone_ms is None:
                continue
            for spread, marker in ((one.everyone_ms.p50, "o"), (one.everyone_ms.p99, "|")):
                _range(axes, row, spread, shade[one.strategy], marker=marker)
            beside(axes, (one.everyone_ms.p99.high, row), number(one.everyone_ms.p99.mean))
        _finish(axes, found, "ms from sending to the answer")
        axes.margins(x=0.12)
        log_scale(axes, "x")
    caption = (
        f"Dot: half of all who ask. Tick, and figure: 99 of 100. Lines: where {_so_many(found)} runs lie."
    )
    return Picture("How long everyone waits", canvas.svg, caption)


def _range(axes: Axes, row: int, value: Spread, colour: str, *, marker: str = "o") -> None:
    axes.plot([value.low, value.high], [row, row], color=FAINT, linewidth=1.6)
    axes.plot(value.mean, row, marker, color=colour, markersize=5 if marker == "o" else 8)


def _finish(axes: Axes, found: Foreseen, label: str) -> None:
    name_rows(axes, [one.strategy for one in found.found])
    axes.grid(axis="x")
    axes.set_xlabel(label)


def _so_many(found: Foreseen) -> str:
    return share(found.coverage) + " of"

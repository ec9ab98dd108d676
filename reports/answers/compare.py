"""Strategies compared: a forest of means, and one of differences from the best."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from reports.answers.drawing import Shades, beside, height_of, name_rows
from reports.answers.shapes import Compare, Difference, Estimate
from reports.canvas import INK, Canvas
from reports.figures import Picture
from reports.wording import number

_WIDTH = 5.4


def pictures(compare: Compare, shade: Shades) -> list[Picture]:
    """The means, then how far they are from the best."""
    return [_means(compare, shade), _differences(compare, shade)]


def _means(compare: Compare, shade: Shades) -> Picture:
    figure = compare.figure
    canvas = Canvas(
        "compare-means",
        f"The {figure.title} of each strategy, with its interval.",
        width=_WIDTH,
        height=height_of(len(compare.strategies)),
    )
    with canvas as axes:
        for row, one in enumerate(compare.strategies):
            _interval(axes, row, one.mean, shade[one.strategy], number(one.mean.mean))
        _finish(axes, compare, f"{figure.title}, {figure.unit}")
        axes.set_xlim(left=0)
    return Picture(
        "Means", canvas.svg, "Line: where the mean of all possible runs of the model lies, with 95 %."
    )


def _differences(compare: Compare, shade: Shades) -> Picture:
    canvas = Canvas(
        "compare-differences",
        f"How far each strategy is from {compare.best}.",
        width=_WIDTH,
        height=height_of(len(compare.strategies)),
    )
    with canvas as axes:
        for row, one in enumerate(compare.strategies):
            if one.difference is None:
                beside(axes, (0, row), "the best")
            else:
                _interval(axes, row, one.difference.by, shade[one.strategy], difference(one.difference))
        axes.axvline(0, color=INK, linewidth=0.8)
        _finish(axes, compare, f"{compare.figure.unit} more, or less, than {compare.best}")
    caption = "A line that meets 0 cannot be told from the best. All lines hold together, with 95 %."
    return Picture(f"Differences from {compare.best}", canvas.svg, caption)


def _interval(axes: Axes, row: int, found: Estimate, colour: str, text: str) -> None:
    axes.plot([found.low, found.high], [row, row], color=colour, linewidth=1.8, solid_capstyle="butt")
    axes.plot(found.mean, row, "s", color=colour, markersize=5)
    beside(axes, (max(found.high, found.mean), row), text)


def _finish(axes: Axes, compare: Compare, label: str) -> None:
    name_rows(axes, [one.strategy for one in compare.strategies])
    axes.margins(x=0.2)
    axes.grid(axis="x")
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(lambda value, _: number(value))
    axes.set_xlabel(label)


def difference(found: Difference) -> str:
    """Signed; in brackets where it may be none."""
    size = number(abs(found.by.mean))
    text = f"{'-' if found.by.mean < 0 else '+'}{size}"
    return text if found.differs else f"({text})"


def certainty(compare: Compare) -> str:
    """How many replications there were, and whether they were enough."""
    vague = [one.strategy for one in compare.strategies if not one.is_precise]
    asked = f"{compare.precision * 100:g} %"
    if compare.is_fixed:
        limit = "the replications that were asked for"
    else:
        limit = f"the cap of {compare.at_most} replications"
    if not vague:
        return f"These are the model's own means, each known to {asked} of itself with 95 %."
    return f"These are the model's own means; not known to {asked} within {limit}: {', '.join(vague)}."

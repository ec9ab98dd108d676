"""How often a lease is outlived: its chance over the length of the lease."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullLocator

from reports.answers.drawing import End, label_ends, log_scale
from reports.answers.shapes import Estimate, LeaseLength, Leases
from reports.canvas import FAINT, TIMES, Canvas
from reports.figures import Picture
from reports.wording import number

_LEAST = 1e-12  # what is drawn
_ONE, _DROP, _UNITS = TIMES["queue"], TIMES["lock"], TIMES["pool"]


def pictures(leases: Leases) -> list[Picture]:
    """One; none where nobody got a lease."""
    if leases.held is None:
        return []
    canvas = Canvas(
        "lease",
        "The chance that a lease is outlived by a pause, over the length of the lease.",
        width=5.8,
        height=3.2,
    )
    with canvas as axes:
        ends = [
            _curve(axes, leases.lengths, lambda length: length.units, "units oversold", _UNITS),
            _curve(axes, leases.lengths, lambda length: length.drop, "chance for a drop", _DROP),
            _curve(axes, leases.lengths, lambda length: length.one, "chance for a lease", _ONE),
        ]
        axes.set_xlim(leases.lengths[0].lease_ms, leases.lengths[-1].lease_ms)
        log_scale(axes, "x")
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(numticks=8))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(lambda value, _: small(value))
        axes.grid(axis="y")
        axes.axvline(leases.asked.lease_ms, color=FAINT, linewidth=0.8, linestyle=(0, (2, 2)))
        axes.annotate(
            f"{number(leases.asked.lease_ms)} ms",
            (leases.asked.lease_ms, 1.01),
            xycoords=("data", "axes fraction"),
            ha="center",
            va="bottom",
            fontsize=8.5,
            color=FAINT,
            annotation_clip=False,
        )
        axes.set_xlabel("length of the lease, ms")
        axes.set_ylabel("chance, or units")
        label_ends(axes, [end for end in ends if end])
    caption = "Band: within which the figure lies with 95 %, as far as what was drawn at random goes."
    return [Picture("Chance over the length of the lease", canvas.svg, caption)]


def _curve(
    axes: Axes,
    lengths: Sequence[LeaseLength],
    figure: Callable[[LeaseLength], Estimate],
    name: str,
    colour: str,
) -> End | None:
    """Draw it as far as it is no less than what is drawn; where it ends."""
    found = [(one.lease_ms, figure(one)) for one in lengths if figure(one).mean > _LEAST]
    if not found:
        return None
    at, values = [ms for ms, _ in found], [value for _, value in found]
    low, high = [max(value.low, _LEAST) for value in values], [value.high for value in values]
    axes.fill_between(at, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.plot(at, [value.mean for value in values], color=colour)
    return End(at[-1], values[-1].mean, name, colour)


def small(value: float) -> str:
    """A chance as people read it: `0.012`, `3.4e-09`; never 0 where it is not."""
    return number(value) if value >= 1e-3 or value == 0 else f"{value:.1e}"


def interval(found: Estimate) -> str:
    """From where to where, with as many digits as tell the two apart."""
    ends = (number(end) if end >= 1 or end == 0 else f"{end:.3g}" for end in (found.low, found.high))
    return " to ".join(ends)


def one_in(chance: float) -> str:
    """`one in 12,000`."""
    if chance >= 0.1:
        return f"{chance * 100:.0f} %"
    return f"one in {float(f'{1 / chance:.3g}'):,.0f}" if chance else "never"

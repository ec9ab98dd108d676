"""How much is oversold: the distribution over replications, for each strategy that oversold at all."""

from __future__ import annotations

from matplotlib.ticker import MaxNLocator

from reports.answers.drawing import Shades
from reports.answers.shapes import Oversell, StrategyOversell
from reports.canvas import INK, Canvas
from reports.figures import Picture
from reports.wording import number

BY_CONSTRUCTION = "None by construction: it sells nothing that it has not checked and booked in one step."
_BINS = 12


def pictures(oversell: Oversell, shade: Shades) -> list[Picture]:
    """A histogram for each that oversold; none for the others."""
    return [_histogram(one, shade[one.strategy]) for one in oversell.strategies if one.oversold[-1] > 0]


def _histogram(one: StrategyOversell, colour: str) -> Picture:
    canvas = Canvas(
        f"oversell-{one.strategy}",
        f"How often {one.strategy} oversold how many units.",
        width=5.4,
        height=2.6,
    )
    with canvas as axes:
        axes.hist(one.oversold, bins=edges(one.oversold), color=colour, alpha=0.8, rwidth=0.94)
        for value, text in ((one.mean, "mean"), (float(one.p95), "19 of 20")):
            axes.axvline(value, color=INK, linewidth=0.9, linestyle="-" if text == "mean" else (0, (3, 2)))
            axes.annotate(
                f"{text}: {number(value)}",
                (value, 1),
                xycoords=("data", "axes fraction"),
                xytext=(4, -2 if text == "mean" else -14),
                textcoords="offset points",
                va="top",
                fontsize=8.5,
            )
        axes.margins(x=0.18, y=0.25)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.set_xlabel("units oversold in a run")
        axes.set_ylabel("runs")
    return Picture(one.strategy, canvas.svg)


def edges(values: tuple[int, ...]) -> list[float]:
    """Of bins that are whole units wide and hold all values, which need not differ."""
    low, high = min(values), max(values)
    width = max(1, -(-(high - low + 1) // _BINS))
    return [edge - 0.5 for edge in range(low, high + width + 1, width)]


def distribution(one: StrategyOversell) -> str:
    """What a row of the table says of a strategy that never oversold."""
    if one.safe:
        return BY_CONSTRUCTION
    bound = (
        f" With 95 % confidence a run oversells with a chance below {one.bound * 100:.2g} %."
        if one.bound
        else ""
    )
    return f"None in {len(one.oversold)} runs.{bound}"

"""Which parameter to measure next: the widest spreads of each strategy."""

from __future__ import annotations

from matplotlib.ticker import MaxNLocator

from reports.answers.drawing import Shades, beside, height_of, name_rows
from reports.answers.shapes import MeasureNext, StrategyParameters
from reports.canvas import FAINT, Canvas
from reports.figures import Picture
from reports.wording import number


def pictures(found: MeasureNext, shade: Shades) -> list[Picture]:
    """One for each strategy."""
    return [_spreads(one, found, shade[one.strategy]) for one in found.strategies]


def _spreads(one: StrategyParameters, found: MeasureNext, colour: str) -> Picture:
    shown = one.parameters
    canvas = Canvas(
        f"measure-{one.strategy}",
        f"How far each parameter's error moves the {found.figure.title} under {one.strategy}.",
        width=5.8,
        height=height_of(len(shown)) - 0.15,
    )
    with canvas as axes:
        for row, parameter in enumerate(shown):
            axes.barh(row, parameter.spread, height=0.55, color=colour, alpha=0.85)
            reach = parameter.spread + parameter.noise
            axes.plot(
                [max(0.0, parameter.spread - parameter.noise), reach], [row, row], color=FAINT, linewidth=2
            )
            beside(axes, (max(parameter.spread, reach), row), number(round(parameter.spread, 1)))
        name_rows(axes, [f"{readable(one.path)}{'' if one.known else ' *'}" for one in shown])
        axes.set_xlim(0, 1.2 * max((one.spread + one.noise for one in shown), default=0.0) or 1.0)
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.set_xlabel(f"{found.figure.unit} between less and more of it")
    return Picture(one.strategy, canvas.svg)


def readable(path: str) -> str:
    """`place_order database (order)` for `order.stages.place_order.database_ms`."""
    *where, leaf = path.split(".")
    role = leaf.removesuffix("_ms").replace("_", " ")
    if not where:
        return role
    *owners, last = [part for part in where if part != "stages"]
    return f"{last} {role} ({owners[0]})" if owners else f"{role} ({last})"

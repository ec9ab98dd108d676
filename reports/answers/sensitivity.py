"""What moves a figure: a tornado for each strategy."""

from __future__ import annotations

from matplotlib.ticker import MaxNLocator

from reports.answers.drawing import Shades, beside, height_of, name_rows
from reports.answers.shapes import Sensitivity, StrategySensitivity
from reports.canvas import INK, Canvas
from reports.figures import Picture
from reports.wording import number

_ROOM = 0.34  # on either side, for labels


def pictures(sensitivity: Sensitivity, shade: Shades) -> list[Picture]:
    """One for each strategy."""
    return [_tornado(one, sensitivity, shade[one.strategy]) for one in sensitivity.strategies]


def _tornado(one: StrategySensitivity, sensitivity: Sensitivity, colour: str) -> Picture:
    figure = sensitivity.figure
    canvas = Canvas(
        f"sensitivity-{one.strategy}",
        f"What each factor alone does to the {figure.title} under {one.strategy}.",
        width=5.4,
        height=height_of(len(one.swings)),
    )
    with canvas as axes:
        for row, swing in enumerate(one.swings):
            for value, setting, alpha in (
                (swing.low, swing.low_setting, 0.35),
                (swing.high, swing.high_setting, 0.9),
            ):
                axes.barh(
                    row, value - one.baseline, left=one.baseline, height=0.55, color=colour, alpha=alpha
                )
                if round(value) != round(one.baseline):
                    beside(axes, (value, row), setting, left=value < one.baseline)
        axes.axvline(one.baseline, color=INK, linewidth=0.8)
        name_rows(axes, [f"{swing.factor}{' *' if swing.unmeasured else ''}" for swing in one.swings])
        ends = [one.baseline, *(end for swing in one.swings for end in (swing.low, swing.high))]
        width = (max(ends) - min(ends)) or max(abs(one.baseline), 1.0)
        axes.set_xlim(min(ends) - _ROOM * width, max(ends) + _ROOM * width)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(lambda value, _: number(value) if value >= 0 else "")
        axes.set_xlabel(f"{figure.title}, {figure.unit}; the line: as it is, {number(one.baseline)}")
    return Picture(one.strategy, canvas.svg)

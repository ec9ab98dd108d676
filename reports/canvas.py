"""An empty figure in the report's style, and its SVG, fit to stand beside others in one page.

Colours are custom properties of the page (`var(--ink)`), so that one SVG serves light, dark and print; text
stays text, in the page's font; every id is prefixed with the figure's own name.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from html import escape
from typing import Any, Protocol

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, FAINT, GRID = "#1b1f24", "#667079", "#e2e5e9"
ROLES = {"worker": "#44546a", "consumer": "#6b8e9e", "database": "#8497b0", "redis": "#c3ccd8"}
TIMES = {
    "worker": ROLES["worker"],
    "pool": "#e5a93d",
    "lock": "#d1495b",
    "queue": "#8a6bb8",
    "flush": "#66a182",
    "database": ROLES["database"],
    "redis": ROLES["redis"],
}
_CONTROLS = ("#c24a00", "#8f1d14")
_SAFE = ("#0067a5", "#00795a", "#a2478c", "#8a6100", "#007c92", "#5b4fb3")

_PROPERTIES = {
    INK: "--ink",
    FAINT: "--faint",
    GRID: "--grid",
    **{colour: f"--{name}" for name, colour in (ROLES | TIMES).items()},
    **{colour: f"--control-{n}" for n, colour in enumerate(_CONTROLS)},
    **{colour: f"--safe-{n}" for n, colour in enumerate(_SAFE)},
}

_STYLE: dict[Any, object] = {
    "axes.edgecolor": FAINT,
    "axes.labelcolor": FAINT,
    "axes.labelsize": 9,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "font.size": 9.5,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.8,
    "lines.linewidth": 1.6,
    "svg.fonttype": "none",
    "svg.hashsalt": "dropday",
    "text.color": INK,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
}


class Named(Protocol):
    """A strategy, as far as its colour goes."""

    @property
    def name(self) -> str: ...

    @property
    def safe(self) -> bool: ...


def colours(strategies: Sequence[Named]) -> dict[str, str]:
    """A colour for each strategy, the same in every figure: warm for controls, cool for safe ones.

    The palette is told apart with any colour vision as far as it goes; beyond six it starts again, and the
    direct labels tell the rest.
    """
    of_kind = {True: _SAFE, False: _CONTROLS}
    given = {True: 0, False: 0}
    chosen = {}
    for strategy in strategies:
        palette = of_kind[strategy.safe]
        chosen[strategy.name] = palette[given[strategy.safe] % len(palette)]
        given[strategy.safe] += 1
    return chosen


def custom_property(colour: str) -> str:
    """The colour as the page's style sheet knows it."""
    return f"var({_PROPERTIES[colour]})"


class Canvas:
    """One set of axes; leave its `with` block and `svg` holds the picture."""

    def __init__(self, name: str, label: str, *, width: float = 4.6, height: float = 2.5) -> None:
        """`name` is the prefix of its ids, `label` what it shows, in a sentence; the size is in inches."""
        self._name = name
        self._label = label
        self._size = (width, height)
        self._style = rc_context(_STYLE)
        self.svg = ""

    def __enter__(self) -> Axes:
        self._style.__enter__()
        self._figure = Figure(figsize=self._size, layout="constrained")
        return self._figure.add_subplot()

    def __exit__(self, *error: object) -> None:
        try:
            text = io.StringIO()
            self._figure.savefig(text, format="svg", metadata={"Date": None})
            self.svg = _fit_for_page(text.getvalue(), self._name, self._label)
        finally:
            self._style.__exit__(None, None, None)


def _fit_for_page(svg: str, name: str, label: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(<svg[^>]*?) (?:width|height)="[^"]*"', r"\1", svg)
    svg = re.sub(r'(<svg[^>]*?) (?:width|height)="[^"]*"', r"\1", svg)
    svg = svg.replace("<svg", f'<svg role="img" aria-label="{escape(label)}"', 1)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(url\(|href=")#', rf"\1#{name}-", svg)
    svg = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", svg)
    for colour, custom in _PROPERTIES.items():
        svg = svg.replace(colour, f"var({custom})")
    return svg

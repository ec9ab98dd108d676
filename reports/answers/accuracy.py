"""How far off the model may be in a figure, in words: what it showed in the calibration of its profile."""

from __future__ import annotations

import math
from statistics import NormalDist

from reports.foretold import Foretold

_COVERAGE = 0.90
_DEVIATIONS = NormalDist().inv_cdf((1 + _COVERAGE) / 2)


def off(told: Foretold, path: str) -> str:
    """The end of a sentence about a figure; `path`: its own in the metrics of a run."""
    deviation = _misfit(told, path)
    if deviation is None:
        return "by how much the model may be off, its profile does not tell"
    return f"the model may be off by a factor of {math.exp(_DEVIATIONS * deviation):.3g} either way"


def _misfit(told: Foretold, path: str) -> float | None:
    """Of all who ask it is that of the buyers: in the load that tells it, whoever asks is one."""
    return told.misfits.get(path, told.misfits.get(path.replace(".order.", ".bought.")))

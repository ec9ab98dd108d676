"""The two engines of the model: they do the same, one to be read, the other to be fast."""

from __future__ import annotations

from enum import StrEnum


class Engine(StrEnum):
    """What plays a drop: SimPy, which is the arbiter, or its compiled twin."""

    SIMPY = "simpy"
    COMPILED = "compiled"

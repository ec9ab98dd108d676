"""The compiled twin of the SimPy model: the same stages, the same random numbers, the same runs; but fast.

Its modules have the names of those that they mirror, and their routines those of the originals' methods.
"""

from simulator.compiled.engine import Run, play
from simulator.compiled.kernel import prepare
from simulator.compiled.summary import Latency, Summary

__all__ = ["Latency", "Run", "Summary", "play", "prepare"]

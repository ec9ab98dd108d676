"""The load generator: one thread, on a core of its own, that does one thing after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import simpy

from scenarios.arrivals import Arrivals
from simulator.profile import GeneratorDemands
from simulator.stations import HALF_COLD_S


@dataclass(frozen=True)
class GeneratorWork:
    """What the generator takes, in seconds; see `GeneratorDemands`."""

    tick_s: float = 0.0
    send_s: float = 0.0
    receive_s: float = 0.0
    note_s: float = 0.0
    cold_s: float = 0.0

    @classmethod
    def of(cls, demands: GeneratorDemands, arrivals: Arrivals) -> GeneratorWork:
        """The demands in seconds, for a crowd that one generator can send. A larger one comes by itself."""
        warm_s = (demands.send_ms + demands.receive_ms + demands.note_ms) / 1e3
        if _most_in_a_second(arrivals) * warm_s >= 1:
            return cls()
        return cls(
            tick_s=demands.tick_ms / 1e3,
            send_s=demands.send_ms / 1e3,
            receive_s=demands.receive_ms / 1e3,
            note_s=demands.note_ms / 1e3,
            cold_s=demands.cold_ms / 1e3,
        )


def _most_in_a_second(arrivals: Arrivals) -> int:
    at_s = arrivals.at_s
    within = np.searchsorted(at_s, at_s + 1.0) - np.arange(len(at_s))
    return int(within.max(initial=0))


class Generator:
    """Sends requests and reads answers, in the order in which they are due and come.

    Who comes first is served first, and nobody is served twice: so when its work is done is known when it
    comes, and a station that is a line and a server takes one timer (Lindley's recursion).
    """

    def __init__(self, env: simpy.Environment, work: GeneratorWork) -> None:
        self._env = env
        self.work = work
        self._free_at_s = 0.0
        self.used_s = 0.0

    def send(self) -> simpy.Timeout:
        """Happens when a request that is due now is on its way."""
        return self._env.timeout(self._takes(self.work.send_s, after_s=0.0, beside_s=0.0))

    def receive(self, after_s: float) -> simpy.Timeout:
        """Happens when an answer that comes in a while has been read; only then is it noted."""
        return self._env.timeout(self._takes(self.work.receive_s, after_s=after_s, beside_s=self.work.note_s))

    def _takes(self, work_s: float, *, after_s: float, beside_s: float) -> float:
        """How long from now it is until work that comes in a while is done, behind what came before it."""
        comes_s = self._env.now + after_s
        begins_s = max(comes_s, self._free_at_s)
        if self._free_at_s < comes_s:
            rested_s = comes_s - self._free_at_s
            work_s += self.work.cold_s * rested_s / (rested_s + HALF_COLD_S)
        self._free_at_s = begins_s + work_s + beside_s
        self.used_s += work_s + beside_s
        return begins_s + work_s - self._env.now

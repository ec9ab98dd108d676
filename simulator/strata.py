"""Strata of replications: at which pace, and from which moment on, the machine runs in each of them."""

from __future__ import annotations

from typing import NamedTuple

from simulator.order import Draw, Draws


class Stratum(NamedTuple):
    """A run among all that may be, by two quantiles, both above 0 and below 1.

    `pace`: the share of runs in which the machine is slower. `moment`: the share of the moments, to play the
    machine's speeds back from, after which it is slower. The defaults are the centre: there the machine has
    the pace of its calibration exactly.
    """

    pace: float = 0.5
    moment: float = 0.5


CENTRE = Stratum()


def strata(count: int, seed: int, first: int = 0) -> tuple[Stratum, ...]:
    """The strata of the replications `first`, `first` + 1, and so on: `count` of them, at least one.

    Quantiles are the middles (k + 0.5) / n of n equal parts. So the mean of any figure that is symmetric
    about the centre, such as the logarithm of the pace, is that of the centre, however many there are. In
    which order they come is drawn from `seed` for either quantile: neither goes with the number of the
    replication, nor with the other. Source: McKay, Beckman, Conover, "A comparison of three methods for
    selecting values of input variables" (1979), Latin hypercube sampling.
    """
    draws = Draws(seed, first)
    paces, moments = (_shuffled(count, draws, what) for what in (Draw.PACE_ORDER, Draw.MOMENT_ORDER))
    return tuple(
        Stratum((pace + 0.5) / count, (moment + 0.5) / count)
        for pace, moment in zip(paces, moments, strict=True)
    )


def _shuffled(count: int, draws: Draws, what: Draw) -> list[int]:
    return sorted(range(count), key=lambda number: draws(what, number))

"""Arrivals: who comes when, and with what cart. The same arrays for the load test and for the model.

Two sources of chance, both functions of the seed alone:

- `generate` draws the whole crowd with NumPy, one independent stream for each question (when, who, bot or
  not, which cart), so that a change to one answer leaves the others as they were.
- `chance` is for what is only decided on the way, such as the jitter of a retry: a number that belongs to its
  key, so that both engines draw the same however their events interleave (common random numbers).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np
from numpy.typing import NDArray

from scenarios.scenario import Scenario
from scenarios.shapes import Floats

Cart = tuple[tuple[int, int], ...]
"""Lines of (index into `Scenario.skus`, quantity), every SKU once."""

Ints = NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class Arrivals:
    """A crowd of n arrivals with m cart lines in all.

    The lines of arrival i are those from `cart_start[i]` up to, but without, `cart_start[i + 1]`.
    """

    seed: int
    number_of_shoppers: int  # shoppers are numbered 0, 1, ... below this
    at_s: Floats  # f8[n], sorted: seconds since the run began
    shopper: NDArray[np.int32]  # i4[n]
    bot: NDArray[np.bool_]  # bool[n]
    cart_start: NDArray[np.int32]  # i4[n + 1]
    line_sku: NDArray[np.int16]  # i2[m], an index into `Scenario.skus`
    line_quantity: NDArray[np.int32]  # i4[m]

    def __len__(self) -> int:
        return len(self.at_s)

    @cached_property
    def carts(self) -> list[Cart]:
        """What each arrival came for."""
        lines = list(zip(self.line_sku.tolist(), self.line_quantity.tolist(), strict=True))
        return [tuple(lines[first:end]) for first, end in itertools.pairwise(self.cart_start.tolist())]


def generate(scenario: Scenario, seed: int) -> Arrivals:
    """The crowd of a scenario.

    Raises:
        ValueError: `seed` is not a whole number of at most 64 bits.
    """
    if not 0 <= seed <= _64_BITS:
        raise ValueError(f"seed {seed}: expected a whole number from 0 to {_64_BITS}")
    times, people, scripts, carts = (
        np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(4)
    )
    at_s = scenario.arrivals.times(times)
    n = len(at_s)
    population = scenario.shoppers.population
    cart_start, line_sku = _carts(scenario, n, carts)
    return Arrivals(
        seed=seed,
        number_of_shoppers=n if population is None else population,
        at_s=at_s,
        shopper=(np.arange(n) if population is None else people.integers(population, size=n)).astype(
            np.int32
        ),
        bot=scripts.random(n) < scenario.shoppers.bots.share,
        cart_start=cart_start,
        line_sku=line_sku,
        line_quantity=np.full(len(line_sku), scenario.cart.quantity, dtype=np.int32),
    )


def _carts(
    scenario: Scenario, n: int, random: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int16]]:
    """`cart_start` and `line_sku`: different SKUs, one after the other in proportion to popularity.

    Such a draw without replacement is a race of exponential clocks whose rates are the popularities
    (Efraimidis and Spirakis, Weighted random sampling with a reservoir, 2006).
    """
    chances = np.array(scenario.cart.lines)
    lines = 1 + random.choice(len(chances), size=n, p=chances / chances.sum())
    popularity = np.array([sku.popularity for sku in scenario.skus])
    rows_at_once = max(1, _CLOCKS_AT_ONCE // len(popularity))
    chosen = [np.empty(0, dtype=np.int16)]
    for some in np.split(lines, range(rows_at_once, n, rows_at_once)):
        clocks = random.standard_exponential((len(some), len(popularity))) / popularity
        ranking = np.argsort(clocks, axis=1)[:, : len(chances)]
        chosen.append(ranking[np.arange(ranking.shape[1]) < some[:, None]].astype(np.int16))
    return np.concatenate(([0], np.cumsum(lines))).astype(np.int32), np.concatenate(chosen)


_CLOCKS_AT_ONCE = 4_000_000  # bounds the memory of a draw to tens of megabytes


_GOLDEN_GAMMA = 0x9E3779B97F4A7C15
_64_BITS = 0xFFFFFFFFFFFFFFFF


def mix64(state: int) -> int:
    """The output function of SplitMix64: 64 bits of which every one depends on every bit of `state`.

    Steele, Lea and Flood, Fast splittable pseudorandom number generators, OOPSLA 2014; constants: variant 13
    of Stafford.
    """
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _64_BITS
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _64_BITS
    return state ^ (state >> 31)


def chance(*key: int) -> float:
    """A uniform number in (0, 1) that belongs to `key`: the same key, the same number, on any machine.

    Each part of the key, a whole number from 0 up to 2^64, is folded in with one step of SplitMix64.
    """
    return ((reduce(fold, key, 0) >> 11) + 0.5) * 2.0**-53


def fold(state: int, part: int) -> int:
    """The state after one more part of a key; before the first it is 0."""
    return mix64(((state ^ part) + _GOLDEN_GAMMA) & _64_BITS)

"""What is checked of the strategies, as data: contests for stock, where nothing but thinking takes time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from scenarios.scenario import Scenario
from simulator.defaults import Settings
from simulator.profile import Demand, Profile
from simulator.selfcheck.systems import Flags, Floats, Law
from simulator.selfcheck.weightless import weightless
from simulator.strategies import Stage, Step, Strategy, Take

# More connections than are ever wanted at once, so that nobody waits for one; and each order is sent alone.
UNCROWDED = Settings(pool_size=200, pipeline=1)
MEDIAN_HOLD_S = 0.1


def thinking(take: Take, *, leased: bool = False) -> Strategy:
    """Reads, thinks (which is to say, sums up a ledger that has no entries), and places, the stock last."""
    stages: tuple[Stage, ...] = (
        Stage("pool", Step.CONNECT),
        Stage("begin", Step.BEGIN),
        Stage("read_stock", Step.READ),
        Stage("think", Step.RESERVE),
        Stage("place_order", Step.PLACE),
        Stage("commit", Step.COMMIT),
    )
    if leased:
        give_back = (Stage("", Step.DISCONNECT), Stage("redis_unlock", Step.UNLEASE))
        stages = (Stage("redis_lock", Step.LEASE), *stages, *give_back)
    return Strategy("thinking", take, stages)


def _thinking_for(strategy: Strategy, window_s: float) -> Profile:
    return weightless(strategy, think=Demand(database_ms=window_s * 1e3))


def drawn_seed(random: np.random.Generator) -> int:
    """The seed of a crowd, as good as any other."""
    return int(random.integers(2**31))


@dataclass(frozen=True)
class Drop:
    """A crowd that comes at random moments for the units of one SKU; each of them thinks for so long."""

    take: Take
    units: int
    per_s: float
    window_s: float
    duration_s: float

    @property
    def strategy(self) -> Strategy:
        """What each of them does."""
        return thinking(self.take)

    @property
    def profile(self) -> Profile:
        """How long they think."""
        return _thinking_for(self.strategy, self.window_s)

    @property
    def scenario(self) -> Scenario:
        """Who comes, and for what."""
        return Scenario.model_validate(
            {
                "name": "selfcheck",
                "summary": "One SKU.",
                "arrivals": {"shape": "constant", "per_s": self.per_s, "duration_s": self.duration_s},
                "products": [
                    {
                        "id": "shoe",
                        "name": "Shoe",
                        "price_won": 1000,
                        "sizes": [{"size": "1", "units": self.units}],
                    }
                ],
            }
        )


def mean_oversold(runs: Sequence[int]) -> float:
    """Units sold that were not there, over all runs."""
    return float(np.mean(runs))


def variance_of_oversold(around: float) -> Callable[[Sequence[int]], float]:
    """The variance over runs, around a mean that is known: so there is one even of a single run."""
    return lambda runs: float(np.mean(np.square(np.subtract(runs, around))))


@dataclass(frozen=True)
class Rivals:
    """Clients who order the same SKU, again and again without a rest, until so many orders are committed."""

    strategy: Strategy
    profile: Profile
    clients: int
    law: Law
    commits: int
    settings: Settings = UNCROWDED

    @classmethod
    def optimists(cls, take: Take, clients: int, cs2: float, commits: int) -> Rivals:
        """Read, think, and commit if nobody else has committed in between."""
        strategy, law = thinking(take), Law(1.0, cs2)
        return cls(strategy, _thinking_for(strategy, 0.01), clients, law, commits)


class Attempts(NamedTuple):
    """When each attempt ended, in order, and whether its order was committed."""

    ended_s: Floats
    committed: Flags


def attempts_for_a_commit(runs: Sequence[Attempts]) -> float:
    """Attempts from one commit to the next. Before the first it is not yet as it is ever after."""
    commits = [np.flatnonzero(run.committed) for run in runs]
    return sum(int(at[-1] - at[0]) for at in commits) / sum(len(at) - 1 for at in commits)


def commits_per_s(runs: Sequence[Attempts]) -> float:
    """Orders committed a second, from one commit to another."""
    moments_s = [run.ended_s[run.committed] for run in runs]
    return sum(len(at_s) - 1 for at_s in moments_s) / sum(float(at_s[-1] - at_s[0]) for at_s in moments_s)


@dataclass(frozen=True)
class Leases:
    """Pairs who want the last unit. The second comes when the lease of the first has just run out.

    The first holds the lease for a log-normal time of median `MEDIAN_HOLD_S`; `sigma` is the deviation of its
    logarithm.
    """

    pairs: int
    lease_s: float
    sigma: float

    @property
    def strategy(self) -> Strategy:
        """What each of them does."""
        return thinking(Take.OVERWRITE, leased=True)

    @property
    def profile(self) -> Profile:
        """The median of the time for which a lease is held."""
        return _thinking_for(self.strategy, MEDIAN_HOLD_S)


def share_violated(runs: Sequence[Floats]) -> float:
    """The share of pairs of whom both got the unit; a run gives 1 or 0 for each pair."""
    return float(np.concatenate(runs).mean())

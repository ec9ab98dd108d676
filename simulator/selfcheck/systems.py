"""What is checked, as data: queues and networks of queues, without a word on how they are simulated.

What chance decides is drawn here, once, so that every engine is given the same customers. Times are in
seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ranks = NDArray[np.int64]

_COOL_DOWN = 100  # the last to come meet nobody who comes after them: they are not looked at


class Law(NamedTuple):
    """A gamma distribution, by its mean and squared coefficient of variation: 1 exponential, 0 constant."""

    mean_s: float
    cs2: float = 1.0

    def draw(self, random: np.random.Generator, shape: int | tuple[int, ...]) -> Floats:
        """So many independent times."""
        if not self.cs2:
            return np.full(shape, self.mean_s)
        return random.gamma(1 / self.cs2, self.mean_s * self.cs2, shape)


class Poisson(NamedTuple):
    """So many customers, at random moments. The first `warm_up` of them are not looked at."""

    per_s: float
    customers: int
    warm_up: int

    def draw(self, random: np.random.Generator) -> Floats:
        """The moments at which they come."""
        return np.cumsum(random.exponential(1 / self.per_s, self.customers))

    def window_s(self, at_s: Floats) -> tuple[float, float]:
        """From when until when it is looked at."""
        return float(at_s[self.warm_up]), float(at_s[-_COOL_DOWN])


class Terminating:
    """Arrivals that are looked at from beginning to end."""

    def window_s(self, at_s: Floats) -> tuple[float, float]:
        """From when until when it is looked at."""
        return 0.0, float(at_s[-1]) if len(at_s) else 0.0


@dataclass(frozen=True)
class Pieces(Terminating):
    """Customers at random moments: (so many a second, for so many seconds), piece after piece."""

    pieces: tuple[tuple[float, float], ...]

    def draw(self, random: np.random.Generator) -> Floats:
        """The moments at which they come."""
        begins_s, at_s = 0.0, []
        for per_s, for_s in self.pieces:
            at_s.append(begins_s + np.sort(random.uniform(0, for_s, random.poisson(per_s * for_s))))
            begins_s += for_s
        return np.concatenate(at_s)


@dataclass(frozen=True)
class Burst(Terminating):
    """So many customers, all at once."""

    customers: int

    def draw(self, _: np.random.Generator) -> Floats:
        """The moment at which they come."""
        return np.zeros(self.customers)


class Discipline(Enum):
    """Who is next of those in line. No service is broken off."""

    IN_ORDER = auto()
    AT_RANDOM = auto()
    BY_RANK = auto()  # the first class first, in order within it


class Customers(NamedTuple):
    """Who comes to a queue, one row each, and what chance decides for them.

    `patience_s` is how long they stand in line (infinite: for ever); `rank` is their class, from 0; `draw` is
    in (0, 1), for whoever must choose.
    """

    at_s: Floats
    work_s: Floats
    patience_s: Floats
    rank: Ranks
    draw: Floats

    def __len__(self) -> int:
        return len(self.at_s)


class Served(NamedTuple):
    """What became of them: when they left, and whether they had been served.

    Two figures are counted as the run goes on, and not computed from the rest: `present_s`, the number there
    integrated over time, and `busy_s`, the time that the servers worked.
    """

    left_s: Floats
    served: Flags
    present_s: float
    busy_s: float


class Path(NamedTuple):
    """One run as it is measured: its customers, what became of them, and the time that is looked at."""

    customers: Customers
    served: Served
    from_s: float
    until_s: float


@dataclass(frozen=True)
class Queue:
    """Servers with one line before them.

    `places`: whoever finds so many there is turned away. `shares`: of the customers, by class.
    """

    arrivals: Poisson | Pieces | Burst
    service: Law
    servers: int = 1
    discipline: Discipline = Discipline.IN_ORDER
    places: int | None = None
    patience: Law | None = None
    shares: tuple[float, ...] = (1.0,)

    def draw(self, random: np.random.Generator) -> Customers:
        """Those who come in one run."""
        at_s = self.arrivals.draw(random)
        number = len(at_s)
        return Customers(
            at_s=at_s,
            work_s=self.service.draw(random, number),
            patience_s=self.patience.draw(random, number) if self.patience else np.full(number, np.inf),
            rank=self._ranks(random, number),
            draw=random.random(number),
        )

    def _ranks(self, random: np.random.Generator, number: int) -> Ranks:
        if len(self.shares) == 1:
            return np.zeros(number, np.int64)
        return random.choice(len(self.shares), size=number, p=self.shares)

    def path(self, customers: Customers, served: Served) -> Path:
        """The run in the form in which it is measured."""
        return Path(customers, served, *self.arrivals.window_s(customers.at_s))


class Rounds(NamedTuple):
    """What the clients of a network draw: how long they think before each round, and their work in it.

    Shapes: (clients, rounds) and (clients, rounds, stations).
    """

    think_s: Floats
    work_s: Floats


class Returned(NamedTuple):
    """When each round began (the thinking was over) and ended; both (clients, rounds)."""

    sent_s: Floats
    left_s: Floats
    present_s: float
    busy_s: float


@dataclass(frozen=True)
class Network:
    """Clients who think, and then visit one station after the other, each with one server, in rounds."""

    clients: int
    think: Law
    stations: tuple[Law, ...]
    rounds: int
    warm_up_s: float

    def draw(self, random: np.random.Generator) -> Rounds:
        """What the clients do in one run."""
        shape = (self.clients, self.rounds)
        work_s = [station.draw(random, shape) for station in self.stations]
        return Rounds(self.think.draw(random, shape), np.stack(work_s, axis=2))

    def path(self, rounds: Rounds, returned: Returned) -> Path:
        """The run as a queue whose customers are the rounds, until the first client has had enough."""
        number = rounds.think_s.size
        customers = Customers(
            at_s=returned.sent_s.ravel(),
            work_s=rounds.work_s.sum(axis=2).ravel(),
            patience_s=np.full(number, np.inf),
            rank=np.zeros(number, np.int64),
            draw=np.zeros(number),
        )
        served = Served(
            returned.left_s.ravel(), np.ones(number, np.bool_), returned.present_s, returned.busy_s
        )
        return Path(customers, served, self.warm_up_s, float(returned.left_s[:, -1].min()))

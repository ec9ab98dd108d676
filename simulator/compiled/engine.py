"""A run of the compiled engine: the kernel, the room that it needs, and the record of what happened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import simpy
from numpy.typing import NDArray

from scenarios.arrivals import Arrivals
from scenarios.collector import uncollected
from scenarios.conditions import Conditions
from scenarios.record import Record
from scenarios.scenario import Scenario
from simulator.circumstances import SAMPLE_S, Floats, conditions, sample_times, speed_of, speeds_of
from simulator.clients import Clients
from simulator.compiled.busy import Busy
from simulator.compiled.kernel import go_on, prepare
from simulator.compiled.leavings import read_books, read_ends, read_history
from simulator.compiled.memory import MARGIN, Memory
from simulator.compiled.opening import open_shop, spans_of
from simulator.compiled.records import MOST_LINES
from simulator.compiled.summary import Summary, summarize
from simulator.compiled.world import new_memory
from simulator.defaults import Settings
from simulator.generator import GeneratorWork
from simulator.order import Draws
from simulator.profile import Profile
from simulator.shop import Shop
from simulator.strata import CENTRE, Stratum
from simulator.strategies import Strategy

_GROWING = (
    *("heap", "soon", "processes", "attempts", "keys", "effects", "spans", "holdings", "watches", "idle"),
    "decided",
)
_GROWING_ALONG = ("known", "soon")
_GROWTH = 4  # times, of a table that is full: what is not used yet costs no memory, and copying costs time
_JOBS = 16 * MARGIN


@dataclass(frozen=True)
class Run:
    """A run that is over. Its tables are in `memory`; the record is made of them when asked for."""

    scenario: Scenario
    strategy: Strategy
    profile: Profile
    arrivals: Arrivals
    settings: Settings
    speed: float
    speeds: tuple[float, ...]
    memory: Memory
    busy: Busy

    def record(self) -> Record:
        """The same record as that of the SimPy model."""
        with uncollected():  # thousands of rows
            books = read_books(self.memory, self.scenario, self.arrivals, self.strategy)
        return Record(history=self.history(), books=books, conditions=self.conditions())

    def history(self) -> pl.DataFrame:
        """All attempts."""
        return read_history(self.memory, self.scenario, self.arrivals, self.strategy)

    def conditions(self) -> Conditions:
        """Under which the run was made, and what it used."""
        intervals = len(sample_times(float(self.memory.world["now_s"])))
        return conditions(
            self.profile,
            self.settings,
            speed=self.speed,
            speeds=self.speeds,
            journeys=int(self.memory.world["following"]),
            generator_used_s=float(self.memory.world["generator_used_s"]),
            cores=self.busy.cores(intervals),
        )

    def batches(self) -> dict[str, int]:
        """How often each span was done for many orders together, or for none."""
        return dict(zip(spans_of(self.strategy), self.memory["together"]["times"].tolist(), strict=True))

    def ended(self) -> tuple[Floats, NDArray[np.bool_]]:
        """When each attempt ended, in this order, and whether it was an order that was bought."""
        return read_ends(self.memory)

    def summary(self) -> Summary:
        """The figures that need no record: of a million shoppers they take a fraction of the time."""
        return summarize(self.memory, self.scenario)


def play(
    scenario: Scenario,
    strategy: Strategy,
    profile: Profile,
    *,
    arrivals: Arrivals,
    replication: int,
    stratum: Stratum = CENTRE,
    settings: Settings,
    paces: Floats | None = None,
    after: Run | None = None,
    clients: Clients | None = None,
) -> Run:
    """One run from beginning to end.

    Args:
        paces: how much more work than the average the attempts make, in the order of sending, over and over;
            drawn by the profile's unevenness where there are none.
        after: a run of which nobody will ask anything more: its memory is used again.
        clients: who send the orders in a closed loop; without them arrivals come when they are due.

    Raises:
        ProfileError: the profile has no demands for the strategy, or not for all of its stages.
    """
    speed, speeds = speed_of(profile, stratum), speeds_of(profile, stratum, scenario.duration_s)
    shop = Shop(
        simpy.Environment(),
        strategy,
        profile,
        draws=Draws(arrivals.seed, replication),
        speed=speed,
        speeds=speeds,
        settings=settings,
        skus=scenario.skus,
        balances_won=[],
    )
    if clients:
        clients.prepare(shop, arrivals.number_of_shoppers)
    memory = new_memory() if after is None else after.memory
    if after is not None:
        memory.empty(kept=(*_GROWING, *_GROWING_ALONG))
    open_shop(
        memory,
        shop,
        scenario,
        arrivals,
        sending=GeneratorWork() if clients else GeneratorWork.of(profile.generator, arrivals),
        replication=replication,
        unevenness=profile.unevenness,
        clients=clients,
    )
    memory.put("jobs", _JOBS)
    if paces is not None:
        memory.put("paces", len(paces))["pace"] = paces
    prepare()
    busy = Busy(SAMPLE_S)
    _make_room(memory, busy)
    while not go_on(memory.address):
        _make_room(memory, busy)
    _count_jobs(memory, busy)
    return Run(scenario, strategy, profile, arrivals, settings, speed, speeds, memory, busy)


def _make_room(memory: Memory, busy: Busy) -> None:
    """Have so many free records of each table that no event can need more."""
    world = memory.world
    for table in _GROWING:
        needs = int(world[f"{table}_used"]) + 2 * MARGIN
        if needs > world[f"{table}_room"]:
            memory.reserve(table, max(needs, _GROWTH * int(world[f"{table}_room"])))
    memory.reserve("known", MOST_LINES * int(world["processes_room"]))
    memory.reserve("soon", 4 * (int(world["processes_room"]) + MARGIN))
    _count_jobs(memory, busy)
    world["is_short"] = 0


def _count_jobs(memory: Memory, busy: Busy) -> None:
    busy.add(memory["jobs"][: memory.world["jobs_used"]])
    memory.world["jobs_used"] = 0

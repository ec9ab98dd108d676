"""The model under the load of a calibration: clients who order, wait for the answer, and order again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from scenarios.arrivals import Arrivals, generate
from scenarios.conditions import Conditions
from scenarios.scenario import Cart, Product, Retry, Scenario, Shoppers, Size
from scenarios.shapes import Constant
from simulator.clients import Clients
from simulator.defaults import Settings
from simulator.observation import Kind, Observation, Seen, Timing
from simulator.profile import Profile
from simulator.strategies import KeptIn, Strategy
from simulator.window import Window, spans_ms

_SEED = 1
_PLENTY = 10_000_000
_PATIENCE_S = 30.0
_MOST_PER_S = 50_000.0  # orders: more than twice what a sold-out board answers


def units_for(kind: Kind, strategy: Strategy, settings: Settings) -> int | None:
    """With how many units in stock a kind of run begins, so few that nobody can be sold any; None: plenty.

    Where they lie in buckets there is one in each: no order of two can be had, and the first of one are.
    """
    if kind not in ("refused", "sold_out", "strangers"):
        return None
    return settings.buckets if strategy.kept_in is KeptIn.BUCKETS else 1


@dataclass(frozen=True)
class ClosedLoop:
    """So many clients on one SKU. What happens in the warm-up is not counted.

    `entries` are on record before it begins, where what is sold and held is summed up.
    """

    kind: Kind
    clients: int
    settings: Settings
    warmup_s: float = 0.2
    duration_s: float = 1.0
    entries: int = 0

    @property
    def window(self) -> Window:
        """What is counted."""
        return Window(self.warmup_s, self.warmup_s + self.duration_s)

    @property
    def sending(self) -> Clients:
        """The clients, and what is there before they come."""
        known = self.kind != "strangers"
        return Clients(self.clients, self.window.until_s, known=known, entries=self.entries)

    def scenario(self, strategy: Strategy) -> Scenario:
        """What the clients order, and how much of it there is."""
        units = units_for(self.kind, strategy, self.settings) or _PLENTY
        return Scenario(
            name="calibration",
            summary="Clients in a closed loop order one SKU.",
            arrivals=Constant(shape="constant", per_s=_MOST_PER_S, duration_s=self.window.until_s),
            products=(
                Product(
                    id="calibration", name="Calibration", price_won=1, sizes=(Size(size="270", units=units),)
                ),
            ),
            cart=Cart(quantity=2 if self.kind == "refused" else 1),
            shoppers=Shoppers(patience_s=_PATIENCE_S, retry=Retry(attempts=1)),
            journey=("browse",) if self.kind == "browse" else ("order",),
        )

    def orders(self, scenario: Scenario) -> Arrivals:
        """All that there may be, each by a shopper of its own: the buyers of the last units ask no more."""
        arrivals = generate(scenario, _SEED)
        return replace(arrivals, at_s=np.zeros(len(arrivals)))

    def observe(self, strategy: Strategy, profile: Profile) -> Observation:
        """What the model does, in the form in which the real system is observed."""
        return self.look(strategy, profile).observation

    def look(self, strategy: Strategy, profile: Profile) -> Seen:
        """The same, with what no observer of the real system can see."""
        from simulator.compiled import play  # here, as to load the compiler takes a second

        scenario = self.scenario(strategy)
        run = play(
            scenario,
            strategy,
            profile,
            arrivals=self.orders(scenario),
            replication=0,
            settings=self.settings,
            clients=self.sending,
        )
        return self.seen(strategy, run.history(), run.conditions(), run.batches())

    def seen(
        self, strategy: Strategy, history: pl.DataFrame, conditions: Conditions, batches: Mapping[str, int]
    ) -> Seen:
        """What a run of the model shows.

        Args:
            history: of all attempts.
            batches: messages, batches and reads of the whole run, by span.

        Raises:
            ValueError: nobody was answered while the window lasted.
        """
        answered = self.window.answered(history)
        if answered.is_empty():
            raise ValueError(
                f"{self.kind} run of {strategy.name} in the model: nobody was answered from "
                f"{self.window.since_s:g} to {self.window.until_s:g} s; expected demands of which fewer than "
                f"{_MOST_PER_S:,.0f} orders a second can be met, and more than none; calibrate again"
            )
        latency_ms = (answered["done_s"] - answered["intended_s"]).to_numpy() * 1e3
        observation = Observation(
            kind=self.kind,
            strategy=strategy.name,
            clients=self.clients,
            workers=self.settings.workers,
            pool_size=self.settings.pool_size,
            system_cores=conditions.system_cores,
            duration_s=self.duration_s,
            answered=len(answered),
            bought=int((answered["outcome"] == "bought").sum()),
            latency_ms=Timing.of(latency_ms),
            spans_ms=spans_ms(answered),
            cpu_s=self.window.cpu_s(conditions.samples),
            machine_speeds=(conditions.machine_speed,),
        )
        share = len(answered) / len(history)
        return Seen(observation, {span: count * share for span, count in batches.items() if count})

    def orders_per_s(self, strategy: Strategy, profile: Profile) -> float:
        """The throughput of the model."""
        return self.observe(strategy, profile).per_s

"""The contests in the compiled twin of the model: each client is a shopper with a long journey."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scenarios.arrivals import Arrivals, generate
from scenarios.scenario import Retry, Scenario
from simulator.compiled import play
from simulator.selfcheck.contests import UNCROWDED, Attempts, Drop, Leases, Rivals, drawn_seed
from simulator.selfcheck.systems import Floats

_BEYOND_COUNTING = 10**9


def oversold(drop: Drop, random: np.random.Generator) -> int:
    """One run of a drop: units sold that were not there."""
    run = play(
        drop.scenario,
        drop.strategy,
        drop.profile,
        arrivals=generate(drop.scenario, drawn_seed(random)),
        replication=0,
        settings=UNCROWDED,
    )
    return sum(run.summary().sold.values()) - drop.units


def attempts(rivals: Rivals, random: np.random.Generator) -> Attempts:
    """One run of rivals. They find as many units as are to be ordered: when they are gone, all leave."""
    at_s = np.zeros(rivals.clients)
    run = play(
        _scenario(skus=1, units=rivals.commits, orders=rivals.commits),
        rivals.strategy,
        rivals.profile,
        arrivals=_arrivals(at_s, np.zeros(rivals.clients)),
        replication=0,
        settings=rivals.settings,
        paces=rivals.law.draw(random, rivals.clients * (rivals.commits + 1)),
    )
    ended_s, committed = run.ended()
    until = int(np.flatnonzero(np.cumsum(committed) == rivals.commits)[0]) + 1
    return Attempts(ended_s[:until], committed[:until])


def violations(leases: Leases, random: np.random.Generator) -> Floats:
    """One run of pairs: 1 for each of whom both got the last unit, else 0."""
    at_s = np.repeat([0.0, leases.lease_s], leases.pairs)
    first, second = random.lognormal(0.0, leases.sigma, leases.pairs), np.ones(leases.pairs)
    run = play(
        _scenario(skus=leases.pairs, units=1),
        leases.strategy,
        leases.profile,
        arrivals=_arrivals(at_s, np.tile(np.arange(leases.pairs), 2)),
        replication=0,
        settings=replace(UNCROWDED, lease_s=leases.lease_s),
        paces=np.concatenate([first, second]),
    )
    sold = np.array(list(run.summary().sold.values()))
    return sold - 1.0


def _scenario(*, skus: int, units: int, orders: int = 1) -> Scenario:
    """Shoppers who order so often in a row, and after a conflict try again without end or rest."""
    sizes = [{"size": str(number), "units": units} for number in range(skus)]
    scenario = Scenario.model_validate(
        {
            "name": "selfcheck",
            "summary": "Clients in a closed loop.",
            "arrivals": {"shape": "constant", "per_s": 1, "duration_s": 1},
            "products": [{"id": "shoe", "name": "Shoe", "price_won": 1, "sizes": sizes}],
            "journey": ["order"] * orders,
        }
    )
    retry = Retry.model_construct(attempts=_BEYOND_COUNTING, backoff_s=0.0, max_backoff_s=0.0, jitter=0.0)
    shoppers = scenario.shoppers.model_copy(update={"retry": retry})
    return scenario.model_copy(update={"shoppers": shoppers})


def _arrivals(at_s: Floats, sku: Floats) -> Arrivals:
    """A shopper for each moment, who wants one unit."""
    number = len(at_s)
    return Arrivals(
        seed=0,
        number_of_shoppers=number,
        at_s=at_s,
        shopper=np.arange(number, dtype=np.int32),
        bot=np.zeros(number, np.bool_),
        cart_start=np.arange(number + 1, dtype=np.int32),
        line_sku=sku.astype(np.int16),
        line_quantity=np.ones(number, np.int32),
    )

"""What bound a run, where the time of its orders went, and the CPU that was used meanwhile."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from reports.bottleneck import NOTHING, UNKNOWN
from reports.metrics import measure
from reports.shapes import Utilisation
from scenarios import history
from scenarios.conditions import Sample, WaitSample
from scenarios.history import Attempt, Outcome
from scenarios.record import Record
from tests.unit.shop_runs import conditions, play, with_attempts


def busy(
    record: Record, *, workers: int = 1, system_cores: int = 1, shares: bool = False, **cores: float
) -> Record:
    """The record with the CPU of each role as given, all the time."""
    idle = {"worker": 0.0, "consumer": 0.0, "database": 0.0, "redis": 0.0, "generator": 0.0}
    samples = tuple(Sample(at_s=at_s, **(idle | cores)) for at_s in (0.5, 1.0))
    changes = {
        "samples": samples,
        "workers": workers,
        "system_cores": system_cores,
        "generator_shares_cores": shares,
    }
    return replace(record, conditions=record.conditions.model_copy(update=changes))


def waiting(record: Record, **connections: int) -> Record:
    """The record with the database's connections found like this, all the time."""
    nobody = {"active": 0, "lock": 0, "io": 0, "idle": 0}
    waits = tuple(WaitSample(at_s=n / 20, **(nobody | connections)) for n in range(20))
    return replace(record, conditions=record.conditions.model_copy(update={"waits": waits}))


def orders_with(spans: dict[str, list[float]], *, conflicts: int = 0, apart_s: float = 0.0) -> Record:
    """Four orders of 100 ms, and conflicts, that took these times in their spans, one after the other."""
    rows = [
        Attempt(
            arrival=n,
            attempt=0,
            operation="order",
            shopper=n,
            bot=False,
            key=str(n),
            skus=["shoe-270"],
            quantities=[1],
            intended_s=0.1 + n * apart_s,
            sent_s=0.1 + n * apart_s,
            done_s=0.2 + n * apart_s,
            outcome=Outcome.BOUGHT if n < 4 else Outcome.CONFLICT,
            spans=[(name, times[n % len(times)]) for name, times in spans.items()],
        )
        for n in range(4 + conflicts)
    ]
    return replace(play([]), history=history.frame(rows), conditions=conditions())


def split(run: Record) -> dict[str, float]:
    """Where the time of its orders went, as far as it did."""
    shares = measure(run).time_shares
    assert shares is not None
    assert sum(shares.model_dump().values()) == pytest.approx(1)
    return {kind: round(share, 3) for kind, share in shares.model_dump().items() if share > 1e-9}


def test_the_time_of_an_order_is_that_of_its_spans_and_the_rest_is_the_workers() -> None:
    spans = {"redis_hold": [10.0], "pool": [20.0], "place_order": [40.0], "redis_confirm": [5.0]}
    assert split(orders_with(spans)) == {"worker": 0.25, "pool": 0.2, "database": 0.4, "redis": 0.15}


def test_the_time_in_statements_is_split_as_the_connections_were_found() -> None:
    run = orders_with({"pool": [20.0], "begin": [5.0], "lock_row": [25.0], "place_order": [30.0]})
    during = WaitSample(at_s=0.2, active=1, lock=6, io=3, idle=9)
    before = WaitSample(at_s=0.1, active=10, lock=0, io=0, idle=0)
    looked = replace(run, conditions=run.conditions.model_copy(update={"waits": (before, during)}))
    assert split(looked) == {"worker": 0.2, "pool": 0.2, "lock": 0.36, "flush": 0.18, "database": 0.06}


def test_where_nobody_looked_a_lock_is_what_statements_take_longer_than_undisturbed() -> None:
    assert split(orders_with({"lock_row": [30.0], "place_order": [10.0]})) == {
        "worker": 0.6,
        "lock": 0.3,
        "database": 0.1,
    }
    assert split(orders_with({"place_order": [10.0, 50.0]}))["lock"] == 0.2


def test_a_lease_is_a_lock_and_a_batch_is_a_queue() -> None:
    assert split(orders_with({"redis_lock": [40.0], "pool": [10.0], "redis_unlock": [10.0]})) == {
        "worker": 0.4,
        "pool": 0.1,
        "lock": 0.4,
        "redis": 0.1,
    }
    assert split(orders_with({"batch_wait": [10.0], "batch": [60.0]})) == {"worker": 0.3, "queue": 0.7}


def test_the_time_after_the_acknowledgement_is_that_of_the_queue() -> None:
    run = orders_with({"journal_wait": [10.0], "journal": [20.0]})
    acknowledged = with_attempts(run, pl.lit(True), acknowledged_s=pl.col("done_s") - 0.05)
    assert split(acknowledged) == {"worker": 0.2, "queue": 0.8}


def test_the_share_of_vain_tries_is_of_tries_that_were_not_sold_out() -> None:
    assert measure(orders_with(QUICK, conflicts=1)).vain_tries == pytest.approx(1 / 5)
    assert measure(orders_with({"begin": [1.0], "place_order": [1.0]})).vain_tries == 0


QUICK = {"pool": [0.1], "place_order": [2.0]}
LOCKED = {"pool": [0.1], "lock_row": [9.0], "place_order": [2.0]}


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (busy(orders_with(LOCKED, apart_s=0.1), worker=0.4), NOTHING),
        (busy(orders_with(QUICK), worker=0.6, database=0.35), "worker CPU"),
        (busy(orders_with(QUICK), worker=0.35, database=0.6), "database CPU"),
        (busy(orders_with(QUICK), worker=0.95, database=0.4, system_cores=2), "worker CPU"),
        (busy(orders_with(QUICK, apart_s=0.1), worker=0.95, system_cores=2, workers=2), NOTHING),
        (busy(orders_with(QUICK), redis=0.95, worker=0.2, system_cores=2), "Redis CPU"),
        (busy(orders_with(QUICK), worker=0.2, database=0.1, generator=0.7, shares=True), "generator CPU"),
        (busy(orders_with(QUICK, apart_s=0.1), worker=0.2, database=0.1, generator=0.7), NOTHING),
        (busy(orders_with(LOCKED), worker=0.4), "row lock"),
        (busy(orders_with({"pool": [0.1], "place_order": [2.0, 9.0, 9.0, 9.0]}), worker=0.4), "row lock"),
        (busy(orders_with({"pool": [9.0], "place_order": [2.0]}), worker=0.4), "connection pool"),
        (busy(orders_with(LOCKED | {"pool": [30.0]}), worker=0.4), "row lock"),
        (busy(orders_with({"pool": [0.1], "advisory_lock": [9.0]}), worker=0.4), "advisory lock"),
        (busy(orders_with({"redis_lock": [9.0], "pool": [30.0]}), worker=0.4), "lease"),
        (busy(orders_with({"redis_hold": [9.0], "pool": [0.1]}), worker=0.4), "Redis"),
        (busy(orders_with({"batch_wait": [9.0], "batch": [9.0]}), worker=0.4), "writer's queue"),
        (busy(orders_with(QUICK), worker=0.4, consumer=0.3, database=0.2), "worker CPU"),
        (busy(orders_with(QUICK), consumer=0.9, worker=0.3, system_cores=2), "consumer CPU"),
        (waiting(busy(orders_with({"place_order": [9.0]}), worker=0.4), lock=5), "row lock"),
        (waiting(busy(orders_with({"place_order": [9.0]}), worker=0.4), io=5), "commit flush"),
        (busy(orders_with(QUICK, conflicts=5), worker=0.7, database=0.3), "retries"),
        (orders_with({}), UNKNOWN),
        (replace(orders_with(QUICK), conditions=conditions().model_copy(update={"samples": ()})), UNKNOWN),
    ],
)
def test_what_bound_a_run_is_what_was_used_up(run: Record, expected: str) -> None:
    assert measure(run).bound_by == expected


def sampled(run: Record, *cores: tuple[float, float]) -> Utilisation:
    """What is said of a run whose samples are (end, cores of the worker)."""
    samples = tuple(
        Sample(at_s=at_s, worker=worker, database=0, redis=0, generator=0) for at_s, worker in cores
    )
    conditions = run.conditions.model_copy(update={"samples": samples})
    used = measure(replace(run, conditions=conditions)).utilisation
    assert used is not None
    return used


def test_the_cpu_outside_the_busiest_stretch_does_not_count() -> None:
    run = orders_with(QUICK, apart_s=1.0)  # its stretch is from 0.2 s to 1.2 s
    used = sampled(run, (0.2, 0.0), (0.5, 0.4), (1.0, 0.6), (1.5, 0.9), (9.0, 0.0))
    assert (used.worker, used.share) == pytest.approx((0.5, 0.5))


def test_a_stretch_shorter_than_a_sample_has_the_busiest_that_touches_it() -> None:
    run = orders_with(QUICK, apart_s=0.01)  # its stretch is from 0.20 s to 0.21 s
    used = sampled(run, (0.10, 1.0), (0.205, 0.3), (0.4, 0.9), (0.6, 1.0))
    assert used.worker == 0.9

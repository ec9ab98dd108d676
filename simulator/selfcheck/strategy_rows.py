"""Strategies of which something is known exactly, and what."""

from __future__ import annotations

from dataclasses import replace

from scipy import stats

from simulator.profile import Demand
from simulator.selfcheck import contests, theory
from simulator.selfcheck.contests import UNCROWDED, Drop, Leases, Rivals
from simulator.selfcheck.looks import Quantity, Row
from simulator.selfcheck.systems import Law
from simulator.selfcheck.weightless import weightless
from simulator.strategies import STRATEGIES, Take

_FIXED = Law(1.0, 0.0)


def rows() -> list[Row]:
    """In the order in which they are printed."""
    return [*_controls(), *_optimists(), *_hot_rows(), *_together(), *_leases()]


def _controls() -> list[Row]:
    """How many are oversold is a Poisson variable, so that the variance is the mean."""
    everybody = theory.oversold_without_lock(25, 1_000, 0.004)
    at_the_end = theory.oversold_after_check(2_000, 0.005)
    return [
        Row(
            "no_lock, S 25, lam 1000/s, w 4 ms",
            Drop(Take.OVERWRITE, units=25, per_s=1_000, window_s=0.004, duration_s=0.25),
            (
                Quantity("oversold, S lam w", everybody, contests.mean_oversold),
                Quantity("its variance", everybody, contests.variance_of_oversold(everybody)),
            ),
            short=12,
            full=150,
            run_ms=70,
        ),
        Row(
            "check_then_decrement, S 50, lam 2000/s, w 5 ms",
            Drop(Take.UNCHECKED, units=50, per_s=2_000, window_s=0.005, duration_s=0.05),
            (
                Quantity("oversold, lam w", at_the_end, contests.mean_oversold),
                Quantity("its variance", at_the_end, contests.variance_of_oversold(at_the_end)),
            ),
            short=20,
            full=300,
            run_ms=40,
        ),
    ]


def _optimists() -> list[Row]:
    return [
        row
        for name, take in (("optimistic_lock", Take.IF_UNCHANGED), ("snapshot", Take.IF_FIRST))
        for clients in (5, 20, 50)
        for row in (_of_fixed_time(name, take, clients), _of_exponential_time(name, take, clients))
    ]


def _of_fixed_time(name: str, take: Take, clients: int) -> Row:
    exact = theory.attempts_for_a_commit(clients, time_is_fixed=True)
    return Row(
        f"{name}, N {clients}, fixed time",
        Rivals.optimists(take, clients, 0.0, commits=20),
        (Quantity("attempts a commit, N", exact, contests.attempts_for_a_commit, is_identity=True),),
        short=1,
        full=1,
        run_ms=100,
    )


def _of_exponential_time(name: str, take: Take, clients: int) -> Row:
    exact = theory.attempts_for_a_commit(clients, time_is_fixed=False)
    return Row(
        f"{name}, N {clients}, exponential time",
        Rivals.optimists(take, clients, 1.0, commits=20),
        (Quantity("attempts a commit, Q(N)", exact, contests.attempts_for_a_commit),),
        short=20,
        full=300,
        run_ms=0.7 * clients,
    )


def _hot_rows() -> list[Row]:
    thinks, commits = Demand(database_ms=3), Demand(flush_ms=2)
    holds = {
        "no_lock": {"place_order": Demand(flush_ms=5)},
        "check_then_decrement": {"place_order": Demand(flush_ms=5)},
        "conditional_update": {"place_order": Demand(flush_ms=5)},
        "pessimistic_lock": {"place_order": thinks, "commit": commits},
        "advisory_lock": {"place_order": thinks, "commit": commits},
    }
    return [
        _of_throughput(
            f"{name}, hot row held for 5 ms",
            "1 / H",
            200.0,
            Rivals(STRATEGIES[name], weightless(STRATEGIES[name], **stages), 20, _FIXED, commits=40),
        )
        for name, stages in holds.items()
    ]


def _together() -> list[Row]:
    """What is done together takes so long once, and so long for each; the first of all is done alone."""
    batches, messages = STRATEGIES["micro_batch"], STRATEGIES["conditional_update"]
    batch, message = 40, 16
    return [
        _of_throughput(
            f"micro_batch, {batch} clients, window 1 ms, t0 10 ms, t1 .25 ms",
            "B / (window + t0 + B t1)",
            batch / (0.001 + 0.010 + batch * 0.00025),
            Rivals(
                batches,
                weightless(
                    batches,
                    {"batch": Demand(database_ms=8, flush_ms=2)},
                    batch=Demand(database_ms=0.25),
                ),
                batch,
                _FIXED,
                commits=10 * batch + 1,
                settings=replace(UNCROWDED, batch_window_s=0.001),
            ),
        ),
        _of_throughput(
            f"conditional_update, messages of {message}, t0 4 ms, t1 .5 ms",
            "B / (t0 + B t1)",
            message / (0.004 + message * 0.0005),
            Rivals(
                messages,
                weightless(
                    messages, {"place_order": Demand(database_ms=4)}, place_order=Demand(database_ms=0.5)
                ),
                5 * message,
                _FIXED,
                commits=10 * message + 1,
                settings=replace(UNCROWDED, pipeline=message),
            ),
        ),
    ]


def _of_throughput(name: str, formula: str, exact: float, rivals: Rivals) -> Row:
    quantity = Quantity(f"orders/s, {formula}", exact, contests.commits_per_s, is_identity=True)
    return Row(name, rivals, (quantity,), short=1, full=1, run_ms=15)


def _leases() -> list[Row]:
    sigma = 0.3
    return [
        Row(
            f"redis_lock, lease {share:g} of the median hold",
            Leases(pairs=40, lease_s=share * contests.MEDIAN_HOLD_S, sigma=sigma),
            (Quantity("P(H > lease)", float(stats.lognorm.sf(share, sigma)), contests.share_violated),),
            short=16,
            full=200,
            run_ms=15,
        )
        for share in (0.7, 1.0, 1.5)
    ]

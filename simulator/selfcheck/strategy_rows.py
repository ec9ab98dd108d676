"""Strategies of which something is known exactly, and what."""

from __future__ import annotations

from scipy import stats

from simulator.profile import Demand
from simulator.selfcheck import contests, theory
from simulator.selfcheck.contests import Drop, Leases, Rivals
from simulator.selfcheck.looks import Quantity, Row
from simulator.selfcheck.systems import Law
from simulator.selfcheck.weightless import weightless
from simulator.strategies import STRATEGIES, Take


def rows() -> list[Row]:
    """In the order in which they are printed."""
    return [*_controls(), *_optimists(), *_hot_rows(), _leases()]


def _controls() -> list[Row]:
    return [
        Row(
            "no_lock, S 25, lam 1000/s, w 4 ms",
            Drop(Take.OVERWRITE, units=25, per_s=1_000, window_s=0.004, duration_s=0.25),
            (
                Quantity(
                    "oversold (S lam w)",
                    theory.oversold_without_lock(25, 1_000, 0.004),
                    contests.mean_oversold,
                ),
            ),
            short=7,
            full=80,
            run_ms=130,
        ),
        Row(
            "check_then_decrement, S 50, lam 2000/s, w 5 ms",
            Drop(Take.UNCHECKED, units=50, per_s=2_000, window_s=0.005, duration_s=0.05),
            (
                Quantity(
                    "oversold (lam w)", theory.oversold_after_check(2_000, 0.005), contests.mean_oversold
                ),
            ),
            short=8,
            full=100,
            run_ms=110,
        ),
    ]


def _optimists() -> list[Row]:
    rows = []
    for clients in (20, 50):
        for cs2, name, symbol in ((0.0, "fixed", "N"), (1.0, "exponential", "Q(N)")):
            exact = theory.attempts_for_a_commit(clients, time_is_fixed=cs2 == 0)
            quantity = Quantity(
                f"attempts a commit, {symbol}", exact, contests.attempts_for_a_commit, is_identity=cs2 == 0
            )
            short, full = (1, 2) if quantity.is_identity else (7, 80)
            system = Rivals.optimists(clients, cs2, commits=20)
            rows.append(
                Row(f"optimistic, N {clients}, {name} time", system, (quantity,), short, full, run_ms=100)
            )
    return rows


def _hot_rows() -> list[Row]:
    thinks, commits = Demand(database_ms=3), Demand(flush_ms=2)
    holds = {
        "no_lock": {"place_order": Demand(flush_ms=5)},
        "conditional_update": {"place_order": Demand(flush_ms=5)},
        "pessimistic_lock": {"place_order": thinks, "commit": commits},
        "advisory_lock": {"place_order": thinks, "commit": commits},
    }
    return [
        Row(
            f"{name}, hot row held for 5 ms",
            Rivals(STRATEGIES[name], weightless(STRATEGIES[name], **stages), 20, Law(1.0, 0.0), commits=40),
            (Quantity("orders/s (1 / H)", 200.0, contests.commits_per_s, is_identity=True),),
            short=1,
            full=1,
            run_ms=100,
        )
        for name, stages in holds.items()
    ]


def _leases() -> Row:
    lease_s, sigma = 1.5, 0.3
    return Row(
        "redis_lock, lease 1.5 of the median hold",
        Leases(pairs=40, lease_s=lease_s, sigma=sigma),
        (Quantity("P(H > lease)", float(stats.lognorm.sf(lease_s, sigma)), contests.share_violated),),
        short=7,
        full=100,
        run_ms=100,
    )

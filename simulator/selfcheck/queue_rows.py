"""Queues of which something is known exactly, and what."""

from __future__ import annotations

from simulator.selfcheck import measures, recursions, theory
from simulator.selfcheck.looks import Quantity, Row
from simulator.selfcheck.recursions import Line, Station
from simulator.selfcheck.systems import Burst, Discipline, Law, Network, Pieces, Poisson, Queue
from simulator.stations import SLICE_S

_SECOND = Law(1.0)


def rows() -> list[Row]:
    """In the order in which they are printed."""
    return [
        *_paths(),
        *_many_servers(),
        *_services(),
        *_disciplines(),
        *_losses(),
        *_closed(),
        *_crowds(),
    ]


def _steady(per_s: float, warm_up: int = 300, looked_at: int = 1_300) -> Poisson:
    """A queue that has forgotten that it was empty once."""
    return Poisson(per_s, warm_up + looked_at + 100, warm_up)


def _paths() -> list[Row]:
    law = Quantity("largest gap of a departure", 0.0, recursions.largest_gap_s, is_identity=True)
    lines = {
        "cores, Lindley": Line(Station.CORES, 1),
        "cores, Kiefer-Wolfowitz, 2": Line(Station.CORES, 2),
        "cores, Kiefer-Wolfowitz, 10": Line(Station.CORES, 10),
        "connections, Lindley": Line(Station.CONNECTIONS, 1),
        "connections, Kiefer-Wolfowitz, 4": Line(Station.CONNECTIONS, 4),
        "thread, Lindley": Line(Station.THREAD, 1, mean_work_s=SLICE_S / 2),
        "lock, Lindley": Line(Station.LOCK, 1),
    }
    return [Row(name, line, (law,), short=2, full=20, run_ms=12) for name, line in lines.items()]


def _many_servers() -> list[Row]:
    one, two, ten = (1, 0.8), (2, 1.6), (10, 9.0)
    return [
        Row(
            "M/M/1, lam .8",
            Queue(_steady(0.8), _SECOND),
            (
                Quantity("W", theory.mean_wait(*one) + 1, measures.mean_stay),
                Quantity("Wq", theory.mean_wait(*one), measures.mean_wait),
                *(
                    Quantity(
                        f"W p{percent}",
                        theory.stay_quantile(percent / 100, 0.8),
                        measures.stay_quantile(percent / 100),
                    )
                    for percent in (50, 95, 99)
                ),
            ),
            short=16,
            full=120,
            run_ms=18,
        ),
        Row(
            "M/M/2, lam 1.6",
            Queue(_steady(1.6), _SECOND, servers=2),
            _waits(*two),
            short=16,
            full=120,
            run_ms=18,
        ),
        Row(
            "M/M/10, lam 9",
            Queue(_steady(9.0, warm_up=1_500, looked_at=5_000), _SECOND, servers=10),
            _waits(*ten),
            short=10,
            full=80,
            run_ms=55,
        ),
    ]


def _waits(servers: int, per_s: float) -> tuple[Quantity, ...]:
    return (
        Quantity("share who wait (C)", theory.erlang_c(servers, per_s), measures.share_waiting),
        Quantity("Wq", theory.mean_wait(servers, per_s), measures.mean_wait),
        Quantity("Wq p99", theory.wait_quantile(0.99, servers, per_s), measures.wait_quantile(0.99)),
    )


def _services() -> list[Row]:
    return [
        Row(
            "M/D/1, lam .8",
            Queue(_steady(0.8), Law(1.0, 0.0)),
            (
                Quantity("Wq", theory.pollaczek_khinchine(0.8, 1.0, 0.0), measures.mean_wait),
                Quantity("P(Wq <= 1)", theory.waits_no_longer(1.0, 0.8, 1.0), measures.waits_no_longer(1.0)),
                Quantity(
                    "Wq p99",
                    theory.constant_service_wait_quantile(0.99, 0.8, 1.0),
                    measures.wait_quantile(0.99),
                ),
            ),
            short=12,
            full=120,
            run_ms=18,
        ),
        Row(
            "M/E4/1, lam .8",
            Queue(_steady(0.8), Law(1.0, 0.25)),
            (Quantity("Wq", theory.pollaczek_khinchine(0.8, 1.0, 0.25), measures.mean_wait),),
            short=12,
            full=120,
            run_ms=16,
        ),
        Row(
            "M/G/1, lam .8, cs2 4",
            Queue(_steady(0.8, warm_up=1_000, looked_at=2_000), Law(1.0, 4.0)),
            (Quantity("Wq", theory.pollaczek_khinchine(0.8, 1.0, 4.0), measures.mean_wait),),
            short=12,
            full=120,
            run_ms=28,
        ),
    ]


def _disciplines() -> list[Row]:
    first, second = theory.cobham((0.4, 0.4))
    return [
        Row(
            "M/M/1 in random order, lam .8",
            Queue(_steady(0.8), _SECOND, discipline=Discipline.AT_RANDOM),
            (
                Quantity("Wq", theory.mean_wait(1, 0.8), measures.mean_wait),
                Quantity(
                    "Wq squared", theory.mean_square_wait_in_random_order(0.8), measures.mean_square_wait
                ),
            ),
            short=12,
            full=120,
            run_ms=17,
            note="the lock of a row",
        ),
        Row(
            "two priorities, lam .4 + .4",
            Queue(_steady(0.8), _SECOND, discipline=Discipline.BY_RANK, shares=(0.5, 0.5)),
            (
                Quantity("Wq of the first", first, measures.mean_wait_of(0)),
                Quantity("Wq of the second", second, measures.mean_wait_of(1)),
            ),
            short=12,
            full=120,
            run_ms=16,
            note="the check's own station: nothing in the model is preferred",
        ),
    ]


def _losses() -> list[Row]:
    lost, number = theory.with_places(1.2, 1.0, 10)
    given_up, line = theory.erlang_a(10, 12.0, 1.0, 0.2)
    patience_s = 1.0
    return [
        Row(
            "M/M/1/10, lam 1.2",
            Queue(_steady(1.2), _SECOND, places=10),
            (
                Quantity("loss", lost, measures.share_lost),
                Quantity("L", number, measures.mean_number),
            ),
            short=12,
            full=120,
            run_ms=16,
        ),
        Row(
            "M/M/10/10, load 8 (Erlang B)",
            Queue(_steady(8.0), _SECOND, servers=10, places=10),
            (Quantity("loss", theory.erlang_b(10, 8.0), measures.share_lost),),
            short=12,
            full=120,
            run_ms=16,
        ),
        Row(
            "Erlang-A, lam 12, c 10, theta .2",
            Queue(_steady(12.0), _SECOND, servers=10, patience=Law(5.0)),
            (
                Quantity("P(abandon)", given_up, measures.share_lost),
                Quantity("Lq", line, measures.mean_line),
            ),
            short=12,
            full=120,
            run_ms=20,
            note="a deadline for each: the model's are all equally long",
        ),
        Row(
            "M/M/10 + D, lam 9, patience 1",
            Queue(_steady(9.0, warm_up=500), _SECOND, servers=10, patience=Law(patience_s, 0.0)),
            (Quantity("P(abandon)", theory.giving_up_after(patience_s, 10, 9.0, 1.0), measures.share_lost),),
            short=12,
            full=120,
            run_ms=24,
        ),
    ]


def _closed() -> list[Row]:
    repair = theory.mean_value_analysis([0.5], 4.0, 10)
    rows = [
        Row(
            "machine repair, N 10, S .5, Z 4",
            Network(10, Law(4.0), (Law(0.5),), rounds=200, warm_up_s=50.0),
            (
                Quantity("X", repair.per_s, measures.per_s),
                Quantity("R", repair.response_s, measures.response_s),
            ),
            short=10,
            full=80,
            run_ms=25,
        )
    ]
    services_s = (0.005, 0.008, 0.003)
    for clients in (100, 200):
        exact = theory.mean_value_analysis(services_s, 1.0, clients)
        rows.append(
            Row(
                f"closed, demands 5, 8, 3 ms, Z 1 s, N {clients}",
                Network(
                    clients, Law(1.0), tuple(Law(mean_s) for mean_s in services_s), rounds=25, warm_up_s=10.0
                ),
                (
                    Quantity("X", exact.per_s, measures.per_s),
                    Quantity("R", exact.response_s, measures.response_s),
                ),
                short=6,
                full=60,
                run_ms=0.6 * clients,
            )
        )
    return rows


def _crowds() -> list[Row]:
    mean_s, spread_s = theory.last_of_burst(5_000, 50, 10.0)
    spike, morning = ((300.0, 1.0), (20.0, 5.0)), ((0.8, 50.0),)
    return [
        Row(
            "burst of 5000, c 50, mu 10",
            Queue(Burst(5_000), Law(0.1), servers=50),
            (
                Quantity("wait of the last", mean_s, measures.mean_last_wait),
                Quantity("its deviation", spread_s, measures.spread_of_last_wait(mean_s)),
            ),
            short=8,
            full=60,
            run_ms=130,
        ),
        Row(
            "spike 300/s for 1 s, then 20/s, c 10, mu 5",
            Queue(Pieces(spike), Law(0.2), servers=10),
            tuple(
                Quantity(f"L at {at_s} s", theory.mean_number(spike, 10, 5.0, at_s), measures.number_at(at_s))
                for at_s in (1, 3, 6)
            ),
            short=40,
            full=600,
            run_ms=7,
        ),
        Row(
            "M/M/1 from empty, lam .8",
            Queue(Pieces(morning), _SECOND),
            tuple(
                Quantity(
                    f"L at {at_s} s", theory.mean_number(morning, 1, 1.0, at_s), measures.number_at(at_s)
                )
                for at_s in (5, 10, 50)
            ),
            short=500,
            full=8_000,
            run_ms=1.5,
        ),
    ]

"""The check of the model against theory: its exact values, its two engines, and that it can fail."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from typer.testing import CliRunner

from harness.cli import app
from simulator.selfcheck import measures, on_simpy, rows, theory
from simulator.selfcheck.contests import Drop, Leases, Rivals
from simulator.selfcheck.engines import COMPILED, ENGINES, Engine
from simulator.selfcheck.looks import LAWS, Quantity, Row, check, half_width
from simulator.selfcheck.systems import Law, Network, Path, Poisson, Queue

TABLE = {row.name: row for row in rows.table()}
QUEUES = [name for name, row in TABLE.items() if isinstance(row.system, Queue)]
CONTESTS = [name for name, row in TABLE.items() if isinstance(row.system, Drop | Rivals | Leases)]
NETWORKS = [name for name, row in TABLE.items() if isinstance(row.system, Network)]


@pytest.mark.parametrize(
    ("computed", "in_print"),
    [
        (theory.mean_wait(1, 0.8), 4),
        (theory.stay_quantile(0.5, 0.8), 3.4657),
        (theory.stay_quantile(0.95, 0.8), 14.9787),
        (theory.stay_quantile(0.99, 0.8), 23.0259),
        (theory.erlang_c(2, 1.6), 0.711111),
        (theory.mean_wait(2, 1.6), 1.777778),
        (theory.wait_quantile(0.99, 2, 1.6), 10.6606),
        (theory.erlang_c(10, 9.0), 0.6687315),
        (theory.mean_wait(10, 9.0), 0.6687315),
        (theory.wait_quantile(0.99, 10, 9.0), 4.2028),
        (theory.pollaczek_khinchine(0.8, 1.0, 0.0), 2),
        (theory.waits_no_longer(1.0, 0.8, 1.0), 0.445108),
        (theory.constant_service_wait_quantile(0.99, 0.8, 1.0), 10.3559),
        (theory.pollaczek_khinchine(0.8, 1.0, 0.25), 2.5),
        (theory.pollaczek_khinchine(0.8, 1.0, 4.0), 10),
        (theory.with_places(1.2, 1.0, 10)[0], 0.1925865),
        (theory.with_places(1.2, 1.0, 10)[1], 6.710709),
        (theory.erlang_b(10, 8.0), 0.1216611),
        (theory.mean_value_analysis([0.5], 4.0, 10).per_s, 1.7566779),
        (theory.mean_value_analysis([0.5], 4.0, 10).response_s, 1.6925633),
        (theory.mean_value_analysis([0.005, 0.008, 0.003], 1.0, 100).per_s, 95.7468),
        (theory.mean_value_analysis([0.005, 0.008, 0.003], 1.0, 100).response_s, 0.04442),
        (theory.mean_value_analysis([0.005, 0.008, 0.003], 1.0, 200).per_s, 125.0),
        (theory.mean_value_analysis([0.005, 0.008, 0.003], 1.0, 200).response_s, 0.6),
        (theory.erlang_a(10, 12.0, 1.0, 0.2)[0], 0.1774210),
        (theory.erlang_a(10, 12.0, 1.0, 0.2)[1], 10.64526),
        (theory.last_of_burst(5_000, 50, 10.0)[0], 9.9),
        (theory.last_of_burst(5_000, 50, 10.0)[1], 0.1407),
        (theory.mean_number([(300.0, 1.0), (20.0, 5.0)], 10, 5.0, 1.0), 250.985),
        (theory.mean_number([(300.0, 1.0), (20.0, 5.0)], 10, 5.0, 3.0), 190.985),
        (theory.mean_number([(300.0, 1.0), (20.0, 5.0)], 10, 5.0, 6.0), 100.986),
        (theory.mean_number([(0.8, 50.0)], 1, 1.0, 5.0), 1.469461),
        (theory.mean_number([(0.8, 50.0)], 1, 1.0, 10.0), 2.030282),
        (theory.mean_number([(0.8, 50.0)], 1, 1.0, 50.0), 3.405039),
        (theory.cobham((0.4, 0.4))[0], 1.33333),
        (theory.cobham((0.4, 0.4))[1], 6.66667),
        (theory.attempts_for_a_commit(50, time_is_fixed=True), 50),
        (theory.attempts_for_a_commit(50, time_is_fixed=False), 8.543),
        (theory.oversold_without_lock(100, 1_000, 0.004), 400),
        (theory.oversold_after_check(2_000, 0.005), 10),
    ],
)
def test_exact_values_are_those_in_print(computed: float, in_print: float) -> None:
    digits = len(str(in_print).partition(".")[2])
    assert computed == pytest.approx(in_print, abs=0.51 * 10.0**-digits)


def test_who_has_no_patience_at_all_is_lost_as_where_there_is_no_line() -> None:
    assert theory.giving_up_after(0.0, 10, 8.0, 1.0) == pytest.approx(theory.erlang_b(10, 8.0))


def test_who_has_patience_without_end_never_gives_up() -> None:
    assert theory.giving_up_after(100.0, 10, 8.0, 1.0) == pytest.approx(0, abs=1e-9)


def test_giving_up_is_continuous_where_the_servers_are_just_busy() -> None:
    around = [theory.giving_up_after(1.0, 10, per_s, 1.0) for per_s in (10 - 1e-6, 10.0, 10 + 1e-6)]
    assert around == pytest.approx([around[1]] * 3, rel=1e-6)


def test_the_command_ends_with_how_many_figures_are_covered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "table", lambda: [TABLE["M/M/1/10, lam 1.2"]])

    result = CliRunner().invoke(app, ["selfcheck", "--short"])

    assert result.exit_code == 0, result.output
    assert re.search(r"All \d+ figures covered\.", result.output)


def test_a_figure_that_is_missed_ends_with_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    row = TABLE["optimistic_lock, N 20, fixed time"]
    wrong = replace(row, quantities=(replace(row.quantities[0], exact=20.1),))
    monkeypatch.setattr(rows, "table", lambda: [wrong, TABLE["M/M/1/10, lam 1.2"]])

    result = CliRunner().invoke(app, ["selfcheck", "--short"])

    assert result.exit_code == 1
    assert "NOT COVERED" in result.output
    assert "2 of 10 figures missed" in result.output


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_each_row_is_for_both_engines(row: Row) -> None:
    assert all(type(row.system) in engine.runs for engine in ENGINES)


def test_the_same_seed_gives_the_same_estimates_and_another_does_not() -> None:
    row = TABLE["M/M/1/10, lam 1.2"]
    one, same, other = (check(row, COMPILED, seed=seed, effort="short") for seed in (1, 1, 2))

    assert [finding.estimate for finding in one] == [finding.estimate for finding in same]
    assert one[0].estimate != other[0].estimate


def _a_path() -> Path:
    queue = Queue(Poisson(0.8, 400, 100), Law(1.0))
    customers = queue.draw(np.random.default_rng(1))
    return queue.path(customers, on_simpy.serve(queue, customers))


def test_a_customer_who_is_counted_for_too_long_breaks_littles_law() -> None:
    path = _a_path()
    miscounted = path._replace(served=path.served._replace(present_s=1.001 * path.served.present_s))

    assert measures.little_gap(path) < 1e-12
    assert measures.little_gap(miscounted) == pytest.approx(0.001)


def test_a_server_that_is_busy_without_work_breaks_the_utilisation_law() -> None:
    path = _a_path()
    idle = path._replace(served=path.served._replace(busy_s=1.001 * path.served.busy_s))

    assert measures.busy_gap(path) < 1e-9
    assert measures.busy_gap(idle) == pytest.approx(0.001)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_each_queue_is_held_to_the_laws_of_all_queues(law: Quantity) -> None:
    assert all(law in TABLE[name].all_quantities for name in (*QUEUES, *NETWORKS))


def test_the_interval_of_a_mean_is_that_of_student() -> None:
    values = np.random.default_rng(1).normal(size=20)
    low, high = stats.t.interval(0.999, 19, values.mean(), stats.sem(values))

    assert half_width(values.mean(), values.tolist()) == pytest.approx((high - low) / 2)


def _coin(first: float, again: float) -> list[bool]:
    """Whether the figure 0 is covered, by an engine that says `first` in the first look, and then `again`."""
    runs = iter([first] * 10 + [again] * 100)
    engine = Engine("coin", 1, {Law: lambda _law, random: next(runs) + random.normal()})
    quantity = Quantity("mean", 0.0, lambda values: float(np.mean(values)))
    row = Row("coin", Law(1.0), (quantity,), short=10, full=10, run_ms=0)  # type: ignore[arg-type]
    (finding,) = check(row, engine, seed=1, effort="short")
    return [finding.is_covered, finding.look == 2]


def test_a_figure_is_missed_only_if_it_is_not_covered_by_a_second_look_either() -> None:
    assert _coin(0.0, 9.0) == [True, False]
    assert _coin(9.0, 0.0) == [True, True]
    assert _coin(9.0, 9.0) == [False, True]

"""Figures: the same each time, small, and true to the peaks of what they draw."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reports import report
from reports.canvas import Canvas
from reports.findings import Runs, examine
from reports.metrics import measure
from reports.series import MOST_STEPS, ONE_IN, observe, on_one_grid
from reports.strips import on_one_page
from scenarios.scenario import Scenario
from tests.unit.run_folders import CONTROL, SAFE, experiment, save_run
from tests.unit.shop_runs import SCENARIO, Request, play, rush


def test_the_ids_of_a_figure_carry_its_name_and_its_text_stays_text() -> None:
    canvas = Canvas("units", 'Sold & "gone".')
    with canvas as axes:
        axes.plot([0, 1], [0, 1])
        axes.set_xlabel("units")
    assert all(name.startswith("units-") for name in re.findall(r'\bid="([^"]+)"', canvas.svg))
    assert ">units</text>" in canvas.svg
    assert 'aria-label="Sold &amp; &quot;gone&quot;."' in canvas.svg
    assert "<style" not in canvas.svg


def test_a_figure_is_the_same_each_time_it_is_drawn() -> None:
    drawn = []
    for _ in range(2):
        canvas = Canvas("a", "a")
        with canvas as axes:
            axes.plot([0, 1], [0, 1])
        drawn.append(canvas.svg)
    assert drawn[0] == drawn[1]


def test_series_count_who_is_in_the_system_and_how_many_orders_are_taken() -> None:
    series = observe(play(rush()).history, SCENARIO)
    at = {round(step * series.step_s, 5): count for step, count in enumerate(series.in_system)}
    assert at[0.0] == 1
    assert at[0.02] == 5  # 0, 1 and 6 have their answers; 2, 3, 4, 5 and 7 wait; 8 and 9 are not there yet
    assert series.orders_per_s.sum() * series.step_s == pytest.approx(4)
    assert series.in_system[-1] == 0


def test_the_peak_of_attempts_in_the_system_is_drawn_however_long_a_step_is() -> None:
    at_once = [Request(n, {"shoe-270": 1}, 0.00001 * n, 0.001, 0.0011) for n in range(50)]
    late = Request(99, {"shoe-270": 1}, 40.0, 40.1, 40.2)
    record = play([*at_once, late])

    series = observe(record.history, SCENARIO)

    assert len(series.in_system) <= MOST_STEPS + 2
    assert series.in_system.max() == measure(record).peak_in_system == 50
    assert series.orders_per_s.sum() * series.step_s == pytest.approx(3)


def test_runs_that_lasted_differently_are_drawn_in_steps_of_one_length() -> None:
    short = observe(play(rush()).history, SCENARIO)
    long = observe(play([*rush(), Request(99, {"shoe-270": 1}, 40.0, 40.1, 40.2)]).history, SCENARIO)

    drawn = on_one_grid([short, long], most=40)

    assert short.step_s < long.step_s < drawn[0].step_s == drawn[1].step_s
    for before, after in zip((short, long), drawn, strict=True):
        assert len(after.in_system) <= 40 + 2
        assert after.in_system.max() == before.in_system.max()
        orders = after.orders_per_s.sum() * after.step_s
        assert orders == pytest.approx(before.orders_per_s.sum() * before.step_s)


def test_a_page_stays_small_however_short_the_steps_of_its_scenario_are(tmp_path: Path) -> None:
    arrivals = {"shape": "constant", "per_s": 1_000_000, "duration_s": 0.001}
    brief = Scenario.model_validate(SCENARIO.model_dump() | {"arrivals": arrivals})
    crowd = play([Request(n, {"shoe-270": 1}, 0.00001 * n, 0.01 * n, 0.01 * n + 0.1) for n in range(100)])
    plan = experiment(repeats=0, replications=2, scenario=brief)

    report.write(save_run(tmp_path, plan, {CONTROL: crowd, SAFE: crowd}), bounds=None)

    assert (tmp_path / "index.html").stat().st_size < 500_000


def test_all_lines_of_a_page_have_few_points_together() -> None:
    found = examine(play([*rush(), Request(99, {"shoe-270": 1}, 40.0, 40.1, 40.2)]), SCENARIO, exact=True)
    runs = {f"strategy_{n}": Runs([found] * 5, [found] * 4) for n in range(20)}

    drawn = on_one_page(runs)

    assert drawn.keys() == runs.keys()
    steps = {len(one.series.in_system) for of in drawn.values() for one in (*of.measured, *of.predicted)}
    assert len(steps) == 1
    assert 2 * len(runs) * (5 + 3) * steps.pop() < 60_000


def test_the_tail_of_a_latency_ends_where_attempts_are_too_few() -> None:
    crowd = [Request(n, {"shoe-270": 1}, 0.0, 0.001, (n + 1) / 1000) for n in range(200)]
    series = observe(play(crowd, units={"shoe-270": 0, "shoe-280": 0}).history, SCENARIO)
    tail = series.tails_ms["sold_out"]
    reached = ONE_IN[: len(tail)]
    assert reached[-1] <= 200 < ONE_IN[len(tail)]
    at = {round(one_in): ms for one_in, ms in zip(reached, tail, strict=True)}
    assert (at[10], at[100]) == pytest.approx((180, 198))
    assert "bought" not in series.tails_ms

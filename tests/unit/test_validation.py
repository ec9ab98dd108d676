"""What a validation makes of predictions and runs: cells, intervals, ranks, and the page."""

from __future__ import annotations

from typing import Any

import pytest

from reports.experiment import Git, Machine
from reports.metrics import measure
from reports.validation import (
    Cell,
    Foreseen,
    Invalid,
    Load,
    Ran,
    Validation,
    cells,
    foreseen,
    rankings,
    summed,
)
from reports.validation_page import markdown
from tests.unit.run_folders import oversold

RUN = measure(oversold())
BASELINES = {"linear": dict.fromkeys(("orders_per_s", "units.oversold", "peak_in_system"), 4.0)}


def ran(orders_per_s: float, oversold: int = 0, *, speed: float = 1.0, **changes: Any) -> Ran:
    units = RUN.units.model_copy(update={"oversold": oversold})
    figures = RUN.model_copy(update={"orders_per_s": orders_per_s, "units": units, **changes})
    return Ran(metrics=figures, speed=speed)


def only(metric: str, found: list[Cell]) -> Cell:
    [cell] = [cell for cell in found if cell.metric == metric]
    return cell


def compare(predicted: list[Ran], measured: list[Ran]) -> list[Cell]:
    everything = dict.fromkeys((*foreseen(predicted), *BASELINES["linear"]), 0.0)
    baselines = {"linear": everything | BASELINES["linear"]}
    return list(cells("no_lock", "spike", foreseen(predicted), baselines, measured))


def cell(strategy: str, predicted: float, *runs: float, metric: str = "orders_per_s") -> Cell:
    mean = sum(runs) / len(runs)
    return Cell(
        strategy=strategy,
        load="spike",
        metric=metric,
        predicted=predicted,
        low=predicted - 10,
        high=predicted + 10,
        measured=mean,
        runs=runs,
        spread=(max(runs) - min(runs)) / 2 / mean,
        error=predicted / mean - 1,
        given_speed=predicted / mean - 1,
        goal=0.05,
        within=False,
        baselines={"linear": 1.0},
    )


def test_a_figure_is_foreseen_as_the_median_between_the_extremes_of_its_replications() -> None:
    found = foreseen([ran(per_s) for per_s in (90, 100, 200)])["orders_per_s"]

    assert found == Foreseen(predicted=100, low=90, high=200, by_speed=((1.0, 90), (1.0, 100), (1.0, 200)))


def test_how_far_the_model_is_from_the_system_widens_the_interval_of_what_it_foresees() -> None:
    replications = [ran(per_s).model_copy(update={"misfits": {"orders_per_s": 0.1}}) for per_s in (90, 100)]

    found = foreseen(replications)["orders_per_s"]

    assert found.predicted == 95
    assert found.low < 90
    assert found.high > 100


def test_what_was_foreseen_for_a_machine_as_fast_as_it_was_has_an_error_of_its_own() -> None:
    predicted = [ran(per_s, speed=per_s / 100) for per_s in (70, 80, 90, 100, 110, 120, 130)]

    found = only("orders_per_s", compare(predicted, [ran(84, speed=0.8)]))

    assert found.predicted == 100
    assert found.given_speed == pytest.approx(80 / 84 - 1)


def test_an_error_is_relative_to_what_was_measured_and_so_are_those_of_simpler_models() -> None:
    found = only("orders_per_s", compare([ran(104)], [ran(90), ran(110)]))

    assert found.measured == 100
    assert found.error == pytest.approx(0.04)
    assert found.spread == 0.1
    assert found.baselines == {"linear": pytest.approx(-0.96)}


@pytest.mark.parametrize(
    ("predicted", "runs", "within"),
    [(104, [100], True), (106, [100], False), (109, [90, 110], True), (111, [90, 110], False)],
)
def test_a_prediction_may_be_off_by_its_goal_or_by_the_machines_own_spread(
    predicted: float, runs: list[float], within: bool
) -> None:
    assert only("orders_per_s", compare([ran(predicted)], [ran(run) for run in runs])).within is within


def test_where_nothing_was_to_foresee_and_nothing_was_there_is_no_cell() -> None:
    assert "units.oversold" not in {found.metric for found in compare([ran(1)], [ran(1)])}


def test_what_was_foreseen_and_never_came_has_no_error_and_is_not_within() -> None:
    found = only("units.oversold", compare([ran(1, oversold=3)], [ran(1)]))

    assert (found.error, found.spread, found.within) == (None, None, False)


def test_strategies_whose_runs_do_not_overlap_are_to_be_ranked_as_they_were_measured() -> None:
    found = [cell("slow", 50, 48, 52), cell("same", 55, 50, 54), cell("fast", 45, 90, 95)]

    [ranking] = rankings(found, ["spike"])

    assert (ranking.pairs, ranking.right) == (2, 0)
    assert ranking.wrong == (("slow", "fast"), ("same", "fast"))


def test_the_cells_of_a_figure_are_summed_up_by_medians_and_every_run_counts_for_the_coverage() -> None:
    [row] = summed([cell("a", 100, 100, 111), cell("b", 100, 50), cell("c", 100, 80)])

    assert (row.cells, row.within) == (3, 0)
    assert row.error == pytest.approx(0.25)
    assert row.worst == pytest.approx(1.0)
    assert row.covered == 0.25
    assert row.half_width == pytest.approx(0.1)


def test_how_far_repeats_are_apart_is_told_by_the_loads_that_ran_more_than_once() -> None:
    [row] = summed([cell("a", 100, 90, 110), cell("b", 100, 98, 102), cell("c", 100, 100)])
    [once] = summed([cell("c", 100, 100)])

    assert row.apart == pytest.approx(0.12)
    assert once.apart is None


def test_the_page_tells_every_cell_what_was_missed_and_what_was_not_counted() -> None:
    load = Load(
        name="spike", offered_per_s=1_230, workers=1, pool_size=5, beyond="calibrated without pool_size=5"
    )
    missed = cell("fast", 45, 90, 95)
    found = Validation(
        command="dropday validate",
        started_at="2026-11-21T10:00:00+00:00",
        seed=1,
        repeats=2,
        replications=20,
        machine=Machine(cpu="A CPU", cores=2, memory_gib=8, os="Linux", python="3.11"),
        versions={},
        git=Git(),
        loads={"fast": {"spike": load}, "slow": {"spike": load}},
        cells=(missed, cell("slow", 60, 50, 54).model_copy(update={"within": True})),
        rankings=tuple(rankings([missed, cell("slow", 60, 50, 54)], ["spike"])),
        invalid=(Invalid(strategy="slow", load="spike", reasons=("the generator was late",)),),
    )

    page = markdown(found)
    once = markdown(found.model_copy(update={"cells": (cell("fast", 45, 90),)}))

    assert "| spike * | 1,230 | 45 / 92.5 **-51 %** |" in page
    assert "| spike * | 1,230 | 60 / 52 +15 % |" in page
    assert "0 of 1 pairs whose runs do not overlap are in the right order; not fast and slow." in page
    assert "- slow, spike: the generator was late." in page
    assert "| `orders_per_s` | 5 % | 1 of 2 |" in page
    assert "| interval, half | runs apart | linear |" in page
    assert "| 50 % | 19 % | 7 % | 100 % |" in page
    assert "| 0 % | 22 % |  | 100 % |" in once

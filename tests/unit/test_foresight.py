"""Crowds too large for records: how a scenario is made so large, and what its runs come to."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from harness.axes import Axes
from harness.display import counted
from harness.foresight import Crowd, Foresight
from reports import console as screen
from reports.answers.shapes import Spread
from reports.experiment import Git, Machine, StrategyUnderTest
from reports.foreseen import Foreseen, StrategyForeseen, Waits
from reports.foreseen_page import headline
from reports.foretold import Asked
from scenarios.scenario import load
from tests.unit.profiles import a_rush, small_machine
from tests.unit.test_page import Page

DROP = load("sneaker_drop")


def test_a_larger_crowd_comes_in_the_same_time_unless_its_rate_is_kept() -> None:
    denser = Crowd.of(DROP, 1_000_000, "duration")
    longer = Crowd.of(DROP, 1_000_000, "rate")

    for crowd in (denser, longer):
        assert crowd.scenario.arrivals.expected == pytest.approx(1_000_000)
        assert crowd.scenario.skus == DROP.skus
        assert "1,000,000 shoppers instead of" in crowd.scaling
    assert denser.scenario.duration_s == DROP.duration_s
    assert "times the rate of arrivals, in the same 16 s" in denser.scaling
    assert longer.scenario.duration_s > 40 * DROP.duration_s
    assert Crowd.of(DROP, None, "rate") == (DROP, "")


def test_what_was_foreseen_is_in_a_document_on_a_page_and_on_the_screen(tmp_path: Path) -> None:
    small_machine().save(tmp_path / "small.json")
    said = StringIO()
    console = Console(width=80, file=said)
    foresight = Foresight(
        crowd=Crowd.of(a_rush(), 600, "duration"),
        strategies=tuple(
            StrategyUnderTest(name=name, safe=name != "no_lock", ack="committed", redis="none", exact=True)
            for name in ("no_lock", "pessimistic_lock")
        ),
        profile=str(tmp_path / "small.json"),
        seed=1,
        replications=2,
        axes=Axes(pool_size=7),
        runs=tmp_path,
        command="dropday foresee",
    )

    found, folder = foresight.run(console)
    screen.show_foreseen(found, folder, console)

    assert Foreseen.load(folder) == found
    no_lock, safe = found.found
    assert no_lock.oversold.low > 0
    assert (safe.sold.low, safe.sold.high, safe.oversold.high) == (40, 40, 0)
    assert safe.orders_per_s.low <= safe.orders_per_s.mean <= safe.orders_per_s.high
    assert any("foreseen for 7" in caution for caution in found.cautions)
    assert "the waits of all who ask is that of pessimistic_lock" in headline(found)
    page = Page((folder / "foreseen.html").read_text())
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert all(link.startswith("#") for link in page.references)
    assert "foreseen for 7" in page.text
    for told in ("4 of 4", "600 shoppers instead of 500", "foreseen for 7"):
        assert told in said.getvalue()
    assert said.getvalue().index("compiling the model") < said.getvalue().index("[foreseeing]")


def test_parts_are_counted_and_every_tenth_of_them_is_told() -> None:
    said = StringIO()

    with counted(Console(width=80, file=said), "foreseeing", total=40) as tell:
        for _ in range(40):
            tell("a part")

    lines = said.getvalue().splitlines()
    assert [line.split(" in ")[0] for line in lines] == [f"[foreseeing] {4 * n} of 40" for n in range(1, 11)]
    assert all("left" in line for line in lines[:-1])
    assert "left" not in lines[-1]


def test_strategies_whose_intervals_meet_are_not_told_apart() -> None:
    def foreseen(name: str, low: float, high: float) -> StrategyForeseen:
        spread = Spread(mean=(low + high) / 2, low=low, high=high)
        return StrategyForeseen(
            strategy=name,
            orders_per_s=spread,
            everyone_ms=Waits(p50=spread, p95=spread, p99=spread),
            buyers_ms=None,
            peak_in_system=spread,
            sold=spread,
            oversold=spread,
            unknown=spread,
            ended_s=spread,
        )

    best, close, far = foreseen("best", 10, 20), foreseen("close", 19, 25), foreseen("far", 21, 30)

    assert "is that of best, 15 ms" in headline(a_document(best, far))
    assert "cannot be told" not in headline(a_document(best, far))
    assert "cannot be told from that of close in 39 runs" in headline(a_document(far, close, best))


def a_document(*found: StrategyForeseen) -> Foreseen:
    return Foreseen(
        command="dropday foresee",
        started_at="2026-01-01T00:00:00+00:00",
        scenario=DROP,
        seed=1,
        machine=Machine(cpu="A CPU", cores=2, memory_gib=8, os="Linux", python="3.11.9"),
        git=Git(),
        profile="two_cores",
        calibrated_at="2026-01-01T00:00:00+00:00",
        workers=1,
        pool_size=10,
        system_cores=1,
        misfits={},
        unmeasured=(),
        cautions=(),
        fit_check=None,
        strategies=tuple(Asked(name=one.strategy, safe=True, ack="committed") for one in found),
        shoppers=20_000,
        stock=300,
        scaling="",
        replications=39,
        coverage=0.9,
        took_s=1.0,
        found=found,
    )

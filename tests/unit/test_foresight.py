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
from reports.experiment import StrategyUnderTest
from reports.foreseen import Foreseen
from reports.foreseen_page import headline
from reports.wording import number
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
    for one in (no_lock, safe):
        assert f"{number(one.peak_in_system.mean)} ({one.strategy})" in headline(found)
    alike = found.model_copy(update={"found": (safe, safe)})
    assert f"at most {number(safe.peak_in_system.mean)} attempts are in the system at once" in headline(alike)
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

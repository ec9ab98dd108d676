"""What the bench compares are the same queue, in every simulator."""

from __future__ import annotations

import pytest

from harness.bench import mm2
from harness.errors import RunError


@pytest.mark.parametrize("name", [*mm2.OTHERS, "compiled"])
def test_each_simulator_waits_as_long_as_theory_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mm2, "CUSTOMERS", 2_000)
    simulate = mm2.OTHERS.get(name, mm2.compiled)

    waits_s = [simulate(seed) for seed in range(2)]

    assert sum(waits_s) / 2 == pytest.approx(1.777778, rel=0.5)
    assert len(set(waits_s)) == 2


def test_a_simulator_of_something_else_is_refused() -> None:
    def other(_: int) -> float:
        return 1.0

    with pytest.raises(RunError, match=r"other: a mean wait of 1.000 s, expected 1.777778 s"):
        mm2._per_s(other, seed=1)


def test_a_simulator_that_is_not_installed_is_named() -> None:
    def missing(_: int) -> float:
        raise ModuleNotFoundError("No module named 'ciw'", name="ciw")

    with pytest.raises(RunError, match=r"ciw is not installed; it comes with dropday\[dev\]"):
        mm2._per_s(missing, seed=1)

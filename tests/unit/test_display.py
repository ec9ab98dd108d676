"""Progress on a screen that is no terminal: lines that a log can keep."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from harness.display import Display, Live, Step


def played(*steps: Step) -> list[str]:
    log = io.StringIO()
    with Display.of(steps, Console(file=log, width=40)) as display:
        display.play(steps)
    return log.getvalue().splitlines()


def test_a_log_has_a_line_when_a_step_begins_and_one_when_it_ends() -> None:
    def measure(live: Live) -> None:
        live("sent 10")
        live("sent 20 · bought 5 · sold out 15 · in flight 0")

    lines = played(Step("calibrating", 1.0, lambda _: None), Step("measuring no_lock", 2.0, measure))

    assert lines[0] == "[1/2 calibrating] ..."
    assert lines[1].startswith("[1/2 calibrating] 0.")
    assert lines[2] == "[2/2 measuring no_lock] ..."
    assert lines[3].endswith("s: sent 20 · bought 5 · sold out 15 · in flight 0")


def test_what_goes_wrong_in_a_step_ends_the_others() -> None:
    def fail(_: Live) -> None:
        raise ValueError("no")

    done: list[str] = []
    with pytest.raises(ValueError, match="no"):
        played(Step("first", 1.0, fail), Step("second", 1.0, lambda _: done.append("second")))

    assert not done

"""How every command ends: what went wrong becomes a message and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from harness.errors import DropdayError
from harness.interrupts import one_interrupt

_WRONG_USAGE = 2
_INTERRUPTED = 130


class Commands(TyperGroup):
    """Where the errors of every command end."""

    def invoke(self, ctx: Any) -> Any:
        with _exit_codes(), one_interrupt():
            return super().invoke(ctx)


@contextmanager
def _exit_codes() -> Iterator[None]:
    """What is wrong in a way that we know becomes one message; anything else keeps its traceback."""
    try:
        yield
    except DropdayError as error:
        _tell(error)
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)  # noqa: T201 - as below
        raise typer.Exit(_INTERRUPTED) from None
    except ValueError as error:
        if not isinstance(error, _wrong_inputs()):
            raise
        _tell(error)
        raise typer.Exit(_WRONG_USAGE) from error


def _tell(error: Exception) -> None:
    lines = [f"error: {error}", *getattr(error, "__notes__", ())]
    print("\n".join(lines), file=sys.stderr)  # noqa: T201 - as it is, not wrapped by a console


def _wrong_inputs() -> tuple[type[ValueError], ...]:
    """The errors that a file or a name which somebody gave can raise in the other packages."""
    from reports.experiment import ExperimentError
    from reports.thresholds import ThresholdsError
    from scenarios.scenario import ScenarioError
    from simulator.profile import ProfileError

    return ExperimentError, ThresholdsError, ScenarioError, ProfileError

"""How every command ends: what went wrong becomes a message and an exit code."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from harness.errors import DropdayError, RunError
from harness.interrupts import one_interrupt
from scenarios.files import UnwritableError

_WRONG_USAGE = 2
_UNFINISHED = 3
_INTERRUPTED = 130


class Commands(TyperGroup):
    """Where the errors of every command end.

    No process of a command looks for modules in the folder in which it was called: a `system.py` there is not
    ours.
    """

    def invoke(self, ctx: Any) -> Any:
        os.environ["PYTHONSAFEPATH"] = "1"
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):  # a terminal may not know every character that we print
                stream.reconfigure(errors="replace")
        with _exit_codes(), one_interrupt():
            return super().invoke(ctx)


@contextmanager
def _exit_codes() -> Iterator[None]:
    """What is wrong in a way that we know becomes one message; of the rest the traceback is kept in a file.

    Exit code 1 is for a broken threshold or invariant alone, and so for no exception.
    """
    try:
        yield
    except (typer.Exit, typer.Abort, TyperException):
        raise
    except DropdayError as error:
        _tell(error)
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt as stopped:
        print("\n".join(["stopped", *getattr(stopped, "__notes__", ())]), file=sys.stderr)  # noqa: T201 - as below
        raise typer.Exit(_INTERRUPTED) from None
    except UnwritableError as error:
        _tell(error)
        raise typer.Exit(_UNFINISHED) from error
    except ValueError as error:
        known = isinstance(error, _wrong_inputs())
        _tell(error if known else _unforeseen(error))
        raise typer.Exit(_WRONG_USAGE if known else _UNFINISHED) from error
    except Exception as error:
        _tell(_unforeseen(error))
        raise typer.Exit(_UNFINISHED) from error


def _unforeseen(error: Exception) -> Exception:
    """What to tell of an error that nobody has a sentence for: its own words, and where its traceback is."""
    told = f"{type(error).__name__}: {error}"
    if isinstance(error, OSError) and error.filename is not None:
        told = f"{error.filename}: {error.strerror}"
    return RunError(f"{told}\nThis was not foreseen. {_kept_traceback(error)}")


def _kept_traceback(error: Exception) -> str:
    """Where the traceback is: in a file, or where the disk takes none, in the message itself."""
    text = "".join(traceback.format_exception(error)).encode(errors="backslashreplace")
    try:
        with tempfile.NamedTemporaryFile(prefix="dropday-", suffix=".log", delete=False) as log:
            log.write(text)
    except OSError as full:
        return f"Its traceback could not be kept in a file ({full.strerror}):\n{text.decode()}"
    return f"Its traceback is in {log.name}"


def _tell(error: Exception) -> None:
    lines = [f"error: {error}", *getattr(error, "__notes__", ())]
    print("\n".join(lines), file=sys.stderr)  # noqa: T201 - as it is, not wrapped by a console


def _wrong_inputs() -> tuple[type[ValueError], ...]:
    """The errors that a file or a name which somebody gave can raise in the other packages."""
    from reports.documents import DocumentError
    from reports.experiment import ExperimentError
    from reports.thresholds import ThresholdsError
    from scenarios.record import RecordError
    from scenarios.scenario import ScenarioError
    from simulator.profile import ProfileError

    return DocumentError, ExperimentError, ThresholdsError, RecordError, ScenarioError, ProfileError

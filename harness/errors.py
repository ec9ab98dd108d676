"""What can go wrong in a command, and the exit code each ends with.

DropdayError
├── UsageError   2   the command, a file it names, or its machine is not what was expected
└── RunError     3   the run could not be finished, or nothing can be said about it
"""

from __future__ import annotations


class DropdayError(Exception):
    """An error with a message for the one at the keyboard: the wrong value, what was expected, the mend."""

    exit_code: int


class UsageError(DropdayError):
    """Nothing was run: the command asked for something that does not exist or cannot be."""

    exit_code = 2


class RunError(DropdayError):
    """Something died, hung or answered wrongly while the run was going."""

    exit_code = 3


class UnansweredError(RunError):
    """A question's runs were made, and in none of them happened what it is about."""


class UncalibratedError(RunError):
    """The model could not be calibrated; what is measured can still be judged."""

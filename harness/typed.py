"""What was typed."""

from __future__ import annotations

import shlex
import sys


def typed(*also: str) -> str:
    """The command that was called, in a form that a shell takes.

    Args:
        also: options that were chosen for it and have to be typed to be sure of the same.
    """
    return shlex.join(["dropday", *sys.argv[1:], *also])

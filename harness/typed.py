"""What was typed."""

from __future__ import annotations

import shlex
import sys


def typed() -> str:
    """The command that was called, in a form that a shell takes."""
    return shlex.join(["dropday", *sys.argv[1:]])

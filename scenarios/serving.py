"""A system of one's own to load: `dropday serve` in a process that ends with this one."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import json
import signal
import subprocess
import sysconfig
from pathlib import Path

from scenarios.admin import AdminError

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
_STOPS_WITHIN_S = 60.0


def serve(strategy: str) -> tuple[str, str]:
    """Start a system with this strategy, with servers of its own; its URL and admin key once it takes orders.

    It is stopped when this process ends, killed or not. Ctrl-C does not reach it: the load ends first.

    Raises:
        AdminError: it could not be started.
    """
    command = [str(Path(sysconfig.get_path("scripts"), "dropday")), "serve", "--strategy", strategy, "--json"]
    try:
        system = subprocess.Popen(  # noqa: S603 - our own command, no shell
            command, stdout=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=_end_with_parent
        )
    except OSError as error:
        raise AdminError(
            f"{command[0]} cannot be started ({error.strerror}); is Dropday installed?"
        ) from error
    atexit.register(_stop, system)
    line = system.stdout.readline() if system.stdout else ""
    if not line:
        raise AdminError(f"`{' '.join(command)}` ended with exit code {system.wait()}; it said why above")
    ready = json.loads(line)
    return ready["url"], ready["admin_key"]


def _end_with_parent() -> None:
    if hasattr(_LIBC, "prctl"):
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _stop(system: subprocess.Popen[str]) -> None:
    system.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        system.wait(_STOPS_WITHIN_S)
    system.kill()
    system.wait()

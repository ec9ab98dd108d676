"""How many shoppers a process can hold at once, and how many a schedule may ask it to hold."""

from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import psutil

from scenarios.shapes import Floats

_SPARE_FILES = 64  # for logs, the record, the web UI's visitors
_PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def room_for_connections() -> int:
    """Raise the limit of open files as far as it goes; how many connections a server can then get."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    files = hard - psutil.Process().num_fds() - _SPARE_FILES
    return min(files, _ports()) if hard != resource.RLIM_INFINITY else _ports()


def _ports() -> int:
    """Local ports: each connection to one server's address takes one."""
    if not _PORT_RANGE.exists():
        return 16_384  # what IANA sets aside for this (RFC 6335), and the default of macOS
    first, last = map(int, _PORT_RANGE.read_text().split())
    return last - first + 1


def most_at_once(at_s: Floats, patience_s: float) -> int:
    """The most arrivals within one patience: so many wait at once when the shop answers nobody."""
    if not len(at_s):
        return 0
    still_waiting_from = np.searchsorted(at_s, at_s - patience_s, side="right")
    return int((np.arange(len(at_s)) - still_waiting_from).max()) + 1

"""Runs of the model spread over cores: this machine's, or a cluster's where joblib has been told of one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from joblib import Parallel, delayed, effective_n_jobs

Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD = 4  # tasks that wait for each core; more would only take memory
_DECIDING_CODE = ("simulator", "scenarios", "reports")
_DECIDING_PACKAGES = ("numba", "numpy", "polars", "scipy", "simpy")


def spread(
    work: Callable[[Item], Result], items: Sequence[Item], *, in_order: bool = True
) -> Iterator[Result]:
    """What `work` makes of each of the items, as soon as it is done; `in_order` of the items, or of time.

    Args:
        work: a function of a module or a `partial` of one, which another process can import.
    """
    jobs = cores_for(len(items))
    parallel = Parallel(
        n_jobs=jobs,
        return_as="generator" if in_order else "generator_unordered",
        pre_dispatch=_AHEAD * jobs,
    )
    yield from parallel(delayed(work)(item) for item in items)


def cores_for(tasks: int) -> int:
    """How many of the cores that there are so many tasks keep busy; at least one."""
    cores: int = effective_n_jobs(-1)
    return max(1, min(cores, tasks))


def prepare() -> None:
    """Have the compiled engine at hand in this process: the first time that takes a while."""
    from simulator import compiled  # here, as to load the compiler takes a second

    compiled.prepare()


def fingerprint() -> str:
    """What decides the answers of the model: its code, and the versions of what it computes with.

    The same on two machines: so are their records, bit by bit.
    """
    digest = hashlib.sha256()
    for package in _DECIDING_CODE:
        folder = Path(__file__).parents[1] / package
        for file in sorted(folder.rglob("*.py")):
            digest.update(str(file.relative_to(folder)).encode())
            digest.update(file.read_bytes())
    for package in _DECIDING_PACKAGES:
        digest.update(f"{package} {version(package)}".encode())
    return digest.hexdigest()

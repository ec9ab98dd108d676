"""What a calibration holds for: a machine, the versions of all code that ran, and the axes of the system."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

from harness import machine
from harness.axes import Axes
from simulator.profile import Profile

DROPDAY = "dropday"  # among the versions: the digest of our own code
_ROOT = Path(__file__).parents[2]
# What an order costs, who sends it, how it is measured, and the model that is fitted.
_CODE = (
    "system/**/*.py",
    "system/**/*.sql",
    "locustfile.py",
    "scenarios/*.py",
    "harness/calibrate.py",
    "harness/closed_loop/*.py",
    "harness/closed_runs.py",
    "harness/measuring.py",
    "harness/open_runs.py",
    "harness/servers/*.conf",
    "simulator/*.py",
)
_WITHOUT_ORDERS = Path("system", "races")
_DIGITS = 12  # of a digest, in hexadecimal

Facts = Mapping[str, object]


@cache
def digest(root: Path = _ROOT) -> str:
    """A digest of our own code, as far as a calibration depends on it. A comment counts as well."""
    found = hashlib.sha256()
    for file in sorted(file.relative_to(root) for pattern in _CODE for file in root.glob(pattern)):
        if _WITHOUT_ORDERS not in file.parents:
            content = (root / file).read_bytes()
            found.update(f"{file} {len(content)}\n".encode() + content)
    return found.hexdigest()[:_DIGITS]


def versions() -> dict[str, str]:
    """Those of the packages that move the figures, and the digest of our own code."""
    return {**machine.versions(), DROPDAY: digest()}


def versions_to_compare(profile: Profile) -> dict[str, str]:
    """Those of here that a profile can be held to: one that is older than the digest does not have it."""
    here = versions()
    return here if DROPDAY in profile.versions else {name: here[name] for name in here if name != DROPDAY}


@dataclass(frozen=True)
class Fingerprint:
    """What a calibration made here and now would hold for: facts by name.

    A fact that is None is not known, and is compared with nothing: the version of a server that does not run.
    """

    machine: Facts
    programs: Facts
    versions: Facts
    axes: Facts

    @classmethod
    def here(cls, axes: Axes, servers: Mapping[str, str] | None = None) -> Self:
        """That of this machine, this code and these axes.

        Args:
            servers: the versions of postgres and redis, where they run.
        """
        here = machine.machine(servers).model_dump()
        return cls(
            machine={name: here[name] for name in ("cpu", "cores")},
            programs={name: here[name] for name in ("python", "postgres", "redis")},
            versions=versions(),
            axes={"workers": axes.workers, "pool_size": axes.pool_size},
        )

    def other_machine(self, profile: Profile) -> list[str]:
        """In what the machine of a profile differs, such as `cores = 2 (here 4)`."""
        return list(_differences(self.machine, profile.machine))

    def other_code(self, profile: Profile) -> list[str]:
        """The same of the programs and packages that ran, and of our own code."""
        return [
            *_differences(self.programs, profile.machine),
            *_differences(self.versions, profile.versions),
        ]

    def other_axes(self, profile: Profile) -> list[str]:
        """The same of the axes of the system."""
        return list(_differences(self.axes, {name: getattr(profile, name) for name in self.axes}))

    def differences(self, profile: Profile) -> list[str]:
        """All of them."""
        return [*self.other_machine(profile), *self.other_code(profile), *self.other_axes(profile)]


def _differences(here: Facts, there: Facts) -> Iterator[str]:
    for name, fact in here.items():
        if fact is not None and there.get(name) != fact:
            yield f"{name} = {there.get(name, 'unknown')} (here {fact})"

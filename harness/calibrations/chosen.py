"""Which profile the model uses where no server is started: this machine's own, before one that is shipped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.console import Console

from harness import options
from harness.axes import Axes
from harness.calibrations.fingerprint import Fingerprint
from harness.calibrations.kept import age, nearest
from harness.predictions import modelled
from reports.experiment import StrategyUnderTest
from simulator import profile as profiles


class Chosen(NamedTuple):
    """A profile by its name or the path of its file, and the options that name it where nobody has."""

    name: str
    options: tuple[str, ...]


def choose_profile(
    named: str | None, strategies: Sequence[StrategyUnderTest], axes: Axes, console: Console
) -> Chosen:
    """The profile that was `named`, or the newest of this machine for these strategies, or a shipped one.

    The screen says which it is, of what machine, and how old.

    Raises:
        ProfileError: there is no such profile, or it does not say when it was made.
    """
    here = Fingerprint.here(axes)
    passed_over: tuple[str, ...] = ()
    if named is None:
        found = nearest(here, [one.name for one in modelled(strategies)])
        passed_over = found.passed_over
        name = str(found.newest.path) if found.newest else _shipped(here)
    else:
        name = named
    for sentence in (_told(name, here), *passed_over):
        console.print(sentence, highlight=False, markup=False, soft_wrap=True)
    return Chosen(name, () if named else ("--profile-file", name))


def _shipped(here: Fingerprint) -> str:
    """One of a machine like this, or that of the smallest."""
    alike = (name for name in profiles.shipped() if not here.other_machine(profiles.load(name)))
    return next(alike, options.PROFILE)


def _told(name: str, here: Fingerprint) -> str:
    profile = profiles.load(name)
    shipped = name in profiles.shipped()
    what = f"shipped profile {name}" if shipped else f"profile {name}"
    if here.other_machine(profile):
        cpu, cores = profile.machine.get("cpu"), profile.machine.get("cores")
        whose = f"another machine ({cpu}, {cores} cores)"
    else:
        whose = "a machine like this one" if shipped else "this machine"
    line = f"{what}: {whose}, {age(profile)}"
    if shipped or here.other_machine(profile):
        return f"{line}; `dropday calibrate` measures this machine"
    if differences := here.differences(profile):
        return f"{line}, calibrated with {', '.join(differences)}; `dropday calibrate` makes a new one"
    return line

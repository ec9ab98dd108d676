"""`dropday calibrate`: what the model knows of this machine, measured or checked."""

from __future__ import annotations

import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from harness.options import AxesOption, ServersOption

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.axes import Axes
    from harness.calibrations.check import Verdict
    from harness.servers import Kind
    from simulator.profile import Profile

_DOES_NOT_HOLD = 1


def calibrate(
    *,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Make no calibration: tell in seconds whether there is one that still holds."
        ),
    ] = False,
    profile_file: Annotated[
        str | None,
        typer.Option(
            "--profile-file",
            metavar="NAME|FILE",
            help="For --check: this profile.  [default: this machine's newest]",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where the profile goes besides (.json); with --check, scaled.",
        ),
    ] = None,
    strategies: Annotated[
        str | None,
        typer.Option(
            "--strategies", metavar="NAMES", help="Groups or names, commas between.  [default: all]"
        ),
    ] = None,
    servers: ServersOption = "embedded",
    settings: AxesOption = None,
) -> None:
    """Measure this machine for the model: about twenty minutes of short runs on real servers.

    The profile is kept in the folder calibrations. Load tests use it while it holds, simulations always.
    With --check: 0 it holds, or does when scaled; 1 it does not; 3 it cannot be told.
    """
    from harness.axes import Axes
    from harness.errors import UsageError

    axes = Axes.of(settings or ())
    axes.require_modelled()
    axes.require_workable()
    for option, value, goes in (
        ("--strategies", strategies, not check),
        ("--profile-file", profile_file, check),
    ):
        if value is not None and not goes:
            raise UsageError(f"{option} {value}: goes {'without' if check else 'with'} --check alone")
    console = Console()
    if check:
        raise typer.Exit(_check(profile_file, output, servers, axes, console))
    _calibrate(strategies or "all", output, servers, axes, console)


def _calibrate(strategies: str, output: Path | None, servers: Kind, axes: Axes, console: Console) -> None:
    from harness.calibrate import calibration_steps
    from harness.calibrations import kept
    from harness.display import Display
    from harness.predictions import only_modelled
    from harness.scope import CALIBRATION
    from harness.stage import on_stage
    from harness.strategies import choose, known

    chosen = only_modelled(choose(strategies, known()), console)
    kept.require_room()
    if output:
        kept.require_room(output)
    written: list[Path] = []

    def save(profile: Profile) -> None:
        written.append(kept.keep(profile))
        if output:
            profile.save(output)
            written.append(output)

    with (
        tempfile.TemporaryDirectory(prefix="dropday-calibration-") as logs,
        on_stage(servers, axes) as stage,
    ):
        steps = calibration_steps(stage, chosen, CALIBRATION, save=save, logs=Path(logs))
        with Display.of(steps, console) as display:
            display.play(steps)
    for path in written:
        console.print(f"profile: {path}", highlight=False, soft_wrap=True)
    file = shlex.quote(str(written[-1]))
    console.print(f"use it: dropday simulate --profile-file {file}", highlight=False, soft_wrap=True)


def _check(profile_file: str | None, output: Path | None, servers: Kind, axes: Axes, console: Console) -> int:
    """The exit code: whether a profile still holds. One sentence tells it."""
    from harness.calibrations.chosen import choose_profile
    from harness.calibrations.fingerprint import Fingerprint
    from harness.calibrations.kept import FOLDER, nearest, require_room
    from harness.errors import UsageError
    from simulator import profile as profiles

    if output:
        require_room(output)
    if profile_file is None:
        found = nearest(Fingerprint.here(axes), ())
        for told in found.passed_over:
            console.print(told, highlight=False, markup=False, soft_wrap=True)
        if found.newest is None:
            raise UsageError(
                f"no calibration of this machine is kept in {FOLDER}/: make one with `dropday calibrate`, "
                "or name a profile with --profile-file"
            )
        profile_file = str(found.newest.path)
    choose_profile(profile_file, (), axes, console)
    profile = profiles.load(profile_file)
    verdict = _of_another(profile, axes) or _measured(profile, servers, axes, console)
    mend = {
        "holds": "",
        "holds when scaled": "; load tests scale it, and --output FILE writes it scaled, for simulations",
        "does not hold": "; make another: dropday calibrate",
    }
    told = f"calibration of {profile.made_at}: {verdict.sentence}{mend[verdict.name]}"
    console.print(told, highlight=False, markup=False, soft_wrap=True)
    if verdict.name == "does not hold":
        return _DOES_NOT_HOLD
    if output:
        verdict.applied_to(profile).save(output)
    return 0


def _of_another(profile: Profile, axes: Axes, versions: Mapping[str, str] | None = None) -> Verdict | None:
    """The verdict on a calibration of another machine, of other code or with other axes; else None."""
    from harness.calibrations.check import Verdict
    from harness.calibrations.fingerprint import Fingerprint

    differences = Fingerprint.here(axes, versions).differences(profile)
    return Verdict("does not hold", 1.0, f"calibrated with {', '.join(differences)}") if differences else None


def _measured(profile: Profile, servers: Kind, axes: Axes, console: Console) -> Verdict:
    """The verdict on a calibration by real servers."""
    from harness.calibrations import lasting
    from harness.stage import on_stage
    from harness.strategies import known, named

    strategies = tuple(named(one, known()) for one in profile.strategies)
    with (
        tempfile.TemporaryDirectory(prefix="dropday-check-") as logs,
        on_stage(servers, axes) as stage,
    ):
        other = _of_another(profile, axes, stage.endpoints.versions)
        return other or lasting.checked(stage, profile, strategies, Path(logs), console)

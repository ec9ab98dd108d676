"""The folder of kept calibrations: profiles, each named by the moment it was made and the code that ran."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from harness.calibrations.fingerprint import DROPDAY, Fingerprint
from harness.errors import UsageError
from scenarios.files import UnwritableError, require_writable
from simulator import profile as profiles
from simulator.observation import Kind
from simulator.profile import Profile, ProfileError

FOLDER = Path("calibrations")
REPEATED: Kind = "saturated"  # many clients: the CPU that an order takes sets the pace
_CODE_DIGITS = 8  # of the digest, in a name
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


@dataclass(frozen=True)
class Kept:
    """A calibration in the folder."""

    path: Path
    profile: Profile


@dataclass(frozen=True)
class Found:
    """The newest calibration that will do, if there is one; and in sentences, which newer ones will not."""

    newest: Kept | None
    passed_over: tuple[str, ...]


def rounds_of(profile: Profile) -> int:
    """How often each strategy was observed at least; 0 where one was not, or nothing tells."""
    fits = [profile.fits.get(strategy, {}).get(REPEATED) for strategy in profile.strategies]
    return min(fit.runs if fit else 0 for fit in fits)


def require_room(path: Path = FOLDER / "new.json") -> None:
    """Do nothing where a calibration can be written: asked before it is made, not after it.

    Raises:
        UsageError: it cannot.
    """
    try:
        require_writable(path)
    except UnwritableError as error:
        raise UsageError(str(error)) from error


def keep(profile: Profile, folder: Path = FOLDER) -> Path:
    """Put a calibration into the folder; the path of its file.

    Raises:
        UnwritableError: it cannot be written.
    """
    moment = _moment(profile).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    path = folder / f"{moment}-{profile.versions[DROPDAY][:_CODE_DIGITS]}.json"
    profile.save(path)
    return path


def newest(
    here: Fingerprint, strategies: Collection[str], *, rounds: int = 1, folder: Path = FOLDER
) -> Found:
    """The newest for this machine, code and axes that knows these strategies from so many rounds or more."""

    def why_not(profile: Profile) -> str:
        if differences := here.differences(profile):
            return f"calibrated with {', '.join(differences)}"
        if missing := [name for name in strategies if name not in profile.strategies]:
            return f"it does not know {', '.join(missing)}"
        if rounds_of(profile) < rounds:
            return f"calibrated in {rounds_of(profile)} rounds; expected {rounds} or more"
        return ""

    kept, told = _read(folder)
    for one in kept:
        why = why_not(one.profile)
        if not why:
            return Found(one, tuple(told))
        told.append(f"{one.path} is passed over: {why}")
    return Found(None, tuple(told))


def nearest(here: Fingerprint, strategies: Collection[str], folder: Path = FOLDER) -> Found:
    """The newest of this machine that knows these strategies; those of this code and these axes first."""
    kept, told = _read(folder)
    ours = [
        one
        for one in kept
        if not here.other_machine(one.profile) and all(name in one.profile.strategies for name in strategies)
    ]
    as_now = [one for one in ours if not here.differences(one.profile)]
    return Found(next(iter([*as_now, *ours]), None), tuple(told))


def age(profile: Profile) -> str:
    """How old a profile is, such as `2 hours old`.

    Raises:
        ProfileError: it does not say when it was made.
    """
    seconds = (datetime.now(UTC) - _moment(profile)).total_seconds()
    for unit, of_s in _UNITS:
        if (many := int(seconds // of_s)) >= 1:
            return f"{many} {unit}{'s' if many > 1 else ''} old"
    return "less than a minute old"


def _read(folder: Path) -> tuple[Sequence[Kept], list[str]]:
    """All calibrations, the newest first; and in sentences, which files are none."""
    kept: list[tuple[datetime, Kept]] = []
    told: list[str] = []
    for path in sorted(folder.glob("*.json")):
        try:
            profile = profiles.load(path)
            kept.append((_moment(profile), Kept(path, profile)))
        except ProfileError as error:
            told.append(f"{path} is passed over: {str(error).removeprefix(f'{path}: ')}")
    return [one for _, one in sorted(kept, key=lambda pair: pair[0], reverse=True)], told


def _moment(profile: Profile) -> datetime:
    with suppress(ValueError):
        made_at = datetime.fromisoformat(profile.made_at)
        if made_at.tzinfo is not None:
            return made_at
    raise ProfileError(
        f"made_at = {profile.made_at!r}: expected a moment in ISO 8601 with the offset from UTC; "
        "calibrate again"
    )

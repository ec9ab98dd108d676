"""The profile's file: written, read back, and refused where it is not one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator import profile as profiles
from simulator.profile import Profile, ProfileError
from tests.unit.profiles import small_machine


def saved(path: Path, **changes: object) -> Path:
    small_machine().save(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return path


def test_a_profile_is_read_as_it_was_written(tmp_path: Path) -> None:
    profile = small_machine()
    profile.save(tmp_path / "mine" / "laptop.json")

    assert profiles.load(tmp_path / "mine" / "laptop.json") == profile


def test_a_profile_of_another_version_is_refused_with_the_way_to_a_new_one(tmp_path: Path) -> None:
    path = saved(tmp_path / "old.json", schema="dropday.profile/6")

    with pytest.raises(ProfileError, match=r"old\.json: .*a profile of this version.*calibrate again"):
        profiles.load(path)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"wire_ms": -1}, "wire_ms = -1"),
        ({"strategies": {}}, "strategies"),
        ({"wire": 1}, "wire: unknown key; did you mean 'wire_ms'"),
    ],
)
def test_a_profile_that_says_the_impossible_is_refused_with_the_key(
    tmp_path: Path, changes: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ProfileError, match=complaint):
        profiles.load(saved(tmp_path / "odd.json", **changes))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"nowhere\.json: cannot be read"):
        profiles.load(tmp_path / "nowhere.json")


def test_a_name_that_is_not_shipped_is_refused_with_those_that_are() -> None:
    with pytest.raises(ProfileError, match="no profile 'nobodys'"):
        profiles.load("nobodys")


@pytest.mark.parametrize("name", profiles.shipped())
def test_every_shipped_profile_can_be_loaded(name: str) -> None:
    assert isinstance(profiles.load(name), Profile)


def test_no_number_of_a_profile_is_so_large_that_the_model_would_not_end(tmp_path: Path) -> None:
    machine = json.loads(small_machine().model_dump_json(by_alias=True))
    order = machine["strategies"]["no_lock"]["order"]
    places = [
        *((machine, name) for name in ("wire_ms", "identify_ms", "unevenness", "speed", "speed_spread")),
        *((machine, name) for name in ("system_cores", "workers", "pool_size")),
        *((order, name) for name in ("accept_ms", "respond_ms")),
        (machine["browse"], "worker_ms"),
        (machine["strategies"]["no_lock"], "unused_share"),
        (machine["strategies"]["no_lock"]["in_company"], "database"),
    ]
    for place, name in places:
        before = place[name]
        place[name] = 10**30
        (tmp_path / "p.json").write_text(json.dumps(machine))
        with pytest.raises(ProfileError, match=rf"{name} = 10+.*: expected less than or equal to"):
            profiles.load(tmp_path / "p.json")
        place[name] = before

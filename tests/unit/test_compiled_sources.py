"""Compiled code is kept until the code that it was made of changes."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.compiled import sources

OWN = '''"""A module."""

from simulator.compiled.parts import kept
from scenarios import amounts


@kept
def twice(number):
    """Return the double."""
    return number * amounts.TWO
'''


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A tree with a module, one that it imports, and one that it does not."""
    monkeypatch.setattr(sources, "_ROOT", tmp_path)
    for file, code in {
        "simulator/own.py": OWN,
        "scenarios/amounts.py": '"""Amounts."""\n\nTWO = 2\n',
        "scenarios/other.py": "THREE = 3\n",
    }.items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(code)
    _forget()
    yield tmp_path
    _forget()


def _forget() -> None:
    """Read files again, as another process would."""
    sources.stamp_of.cache_clear()
    sources._code.cache_clear()


def edit(file: Path, old: str, new: str) -> None:
    code = file.read_text()
    assert old in code
    file.write_text(code.replace(old, new))
    _forget()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("simulator/own.py", "A module", "Another module"),
        ("simulator/own.py", "Return the double.", "Return twice as much.\n\n    Of any number.\n    "),
        ("simulator/own.py", "return number *", "# A comment.\n    return number *"),
        ("scenarios/amounts.py", '"""Amounts."""', ""),
        ("scenarios/other.py", "THREE = 3", "THREE = 4"),
    ],
)
def test_what_is_said_of_the_code_and_code_that_is_not_imported_is_not_in_the_stamp(
    root: Path, file: str, old: str, new: str
) -> None:
    before = sources.stamp_of(root / "simulator/own.py")

    edit(root / file, old, new)

    assert sources.stamp_of(root / "simulator/own.py") == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("simulator/own.py", "return number *", "return 1 + number *"),
        ("scenarios/amounts.py", "TWO = 2", "TWO = 3"),
    ],
)
def test_the_code_of_a_module_and_of_what_it_imports_is_in_the_stamp(
    root: Path, file: str, old: str, new: str
) -> None:
    before = sources.stamp_of(root / "simulator/own.py")

    edit(root / file, old, new)

    assert sources.stamp_of(root / "simulator/own.py") != before


def _loaded(root: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The function, as a process that begins now has it."""
    amounts = importlib.util.spec_from_file_location("scenarios.amounts", root / "scenarios/amounts.py")
    own = importlib.util.spec_from_file_location("own", root / "simulator/own.py")
    assert amounts
    assert own
    assert amounts.loader
    assert own.loader
    import scenarios

    module = importlib.util.module_from_spec(amounts)
    amounts.loader.exec_module(module)
    monkeypatch.setattr(scenarios, "amounts", module, raising=False)
    monkeypatch.setitem(sys.modules, "own", importlib.util.module_from_spec(own))
    own.loader.exec_module(sys.modules["own"])
    return sys.modules["own"].twice


def test_an_edited_docstring_compiles_nothing_and_edited_code_does(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _loaded(root, monkeypatch)
    assert first(3) == 6
    assert (first.stats.cache_hits, first.stats.cache_misses) == ({}, {first.signatures[0]: 1})

    edit(root / "simulator/own.py", "A module", "A module whose first\n\nline has moved")
    same = _loaded(root, monkeypatch)
    assert same(3) == 6
    assert (same.stats.cache_hits, same.stats.cache_misses) == ({same.signatures[0]: 1}, {})

    edit(root / "scenarios/amounts.py", "TWO = 2", "TWO = 3")
    other = _loaded(root, monkeypatch)
    assert other(3) == 9
    assert other.stats.cache_misses == {other.signatures[0]: 1}

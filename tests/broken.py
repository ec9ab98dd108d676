"""Files as they are after a full disk, a wrong editor, a merge or a joke: valid ones, broken in many ways."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import tomli_w
from hypothesis import strategies as st

Document = dict[str, Any]
Path = tuple[str | int, ...]

ODD: tuple[Any, ...] = (
    math.nan,
    math.inf,
    -math.inf,
    10**30,
    -(10**30),
    2**63,
    -1,
    0,
    1e308,
    5e-324,
    True,
    "",
    "\0",
    "nan",
    "../../etc/passwd",
    "x" * 5_000,
    [],
    {},
    [[[]]],
    {"a": {"b": {"c": 1}}},
    [None, 1],
    None,
)
RAW = (
    b"",
    b"\0",
    b"\xef\xbb\xbf",
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b"a = " + b"[" * 50_000,
    b"a = " + b"9" * 10_000,
    b"a = 0x" + b"f" * 10_000,
    b'{"a": ' + b"9" * 10_000 + b"}",
    b"null",
    b"[]",
    b'"text"',
    b"a = 1\na = 2",
    b"a = 9999-99-99",
)


class Broken(NamedTuple):
    """The content of a file, and the key at which something odd was put, if it was."""

    content: bytes
    key: str = ""


def toml(document: Document) -> bytes:
    """TOML knows no null."""
    return tomli_w.dumps(_without_nulls(document)).encode()


def as_json(document: Document) -> bytes:
    """With NaN and Infinity, as Python writes them."""
    return json.dumps(document).encode()


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(one) for key, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value if one is not None] if isinstance(value, list) else value


def files(document: Document, dump: Callable[[Document], bytes]) -> st.SearchStrategy[Broken]:
    """The file of a valid document, broken in its bytes or in its values."""
    paths = list(_paths(document))
    changed = st.tuples(st.sampled_from(paths), st.sampled_from(range(len(ODD) + 2))).map(
        lambda found: _changed(document, *found, dump)
    )
    return st.one_of(broken_bytes(dump(document)), changed, changed)


def broken_bytes(content: bytes) -> st.SearchStrategy[Broken]:
    """Random bytes, truncations, bits that flipped, null characters and byte order marks."""
    at = st.integers(0, len(content) - 1)
    return st.one_of(
        st.binary(max_size=200),
        st.sampled_from(RAW),
        at.map(lambda end: content[:end]),
        st.tuples(at, st.integers(0, 7)).map(lambda flip: _flipped(content, *flip)),
        at.map(lambda place: content[:place] + b"\0" + content[place:]),
        st.sampled_from([b"\xef\xbb\xbf" + content, content.decode("latin-1").encode("utf-16"), content * 2]),
    ).map(Broken)


def _flipped(content: bytes, place: int, bit: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :]


def _paths(value: Any, here: Path = ()) -> Iterator[Path]:
    children: Any = ()
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value[:3])
    for key, child in children:
        yield (*here, key)
        yield from _paths(child, (*here, key))


def _changed(document: Document, path: Path, odd: int, dump: Callable[[Document], bytes]) -> Broken:
    changed = copy.deepcopy(document)
    place: Any = changed
    for key in path[:-1]:
        place = place[key]
    if odd == len(ODD):
        del place[path[-1]]
    elif odd == len(ODD) + 1 and isinstance(place, dict):
        place["no_such_key"] = 1
    else:
        place[path[-1]] = copy.deepcopy(ODD[odd % len(ODD)])
    names = [key for key in path if isinstance(key, str)]
    return Broken(dump(changed), names[0] if names else "")

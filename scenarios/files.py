"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class UnwritableError(OSError):
    """A file that could not be written, and is as it was before; the text names it, and why."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(error.errno, error.strerror, str(path))

    def __str__(self) -> str:
        return f"{self.filename}: cannot be written ({self.strerror}); make room, or choose another place"


def write_text(path: Path, text: str) -> None:
    """Write a file of text.

    Raises:
        UnwritableError: it cannot be written.
    """
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file.

    Raises:
        UnwritableError: it cannot be written.
    """
    with whole(path) as aside:
        aside.write_bytes(content)


def require_writable(path: Path) -> None:
    """Do nothing where a file can be written: asked before a long run, not after it.

    Raises:
        UnwritableError: it cannot be written.
    """
    target = Path(os.path.realpath(path))
    with _named(path):
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not target.exists() or target.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            aside = _aside(target)
            aside.touch()
            aside.unlink()


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """The path of a file beside `path`, which takes its place once the block has ended well.

    Whoever reads `path` meanwhile sees what was there before. A link stays, and what it points at is written;
    what is no file, such as /dev/stdout, is written to directly. A folder that is missing is made.

    Raises:
        UnwritableError: there is no place for it, or the block could not write it.
    """
    target = Path(os.path.realpath(path))
    with _named(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and not target.is_file():
            yield target
        else:
            with beside(target) as aside:
                yield aside


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A name in the folder of `path`; what the block makes there is renamed to `path`, or removed."""
    aside = _aside(path)
    try:
        yield aside
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name[:200]}-{secrets.token_hex(4)}")


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Name the file that somebody asked for, not the one beside it."""
    try:
        yield
    except OSError as error:
        raise UnwritableError(path, error) from error

"""Reading files that somebody may have broken: what is wrong is told with the file's name."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from scenarios.complaints import complaints

Model = TypeVar("Model", bound=BaseModel)


class ReadingError(ValueError):
    """A file that is not what was expected; the text names it, the field where there is one, and the mend."""


def read_toml(path: Path, model: type[Model], *, expected: str) -> Model:
    """A TOML file as a model.

    Raises:
        ReadingError: it is not.
    """
    return of_model(path, toml_document(path, expected=expected), model)


def toml_document(path: Path, *, expected: str) -> dict[str, Any]:
    """A TOML file as it is.

    Raises:
        ReadingError: it cannot be read, or is none.
    """
    text = text_of(path, expected=expected)
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ReadingError(f"{path}: not valid TOML: nested too deeply; expected {expected}") from error
    except ValueError as error:  # an error of TOML, or a number with more digits than Python reads
        raise ReadingError(f"{path}: not valid TOML: {error}; expected {expected}") from error


def of_model(path: Path, document: dict[str, Any], model: type[Model]) -> Model:
    """What a file says as a model.

    Raises:
        ReadingError: it is none; a line for each mistake.
    """
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise ReadingError("\n".join(f"{path}: {one}" for one in complaints(error, model))) from error


def read_json(path: Path, model: type[Model], *, expected: str) -> Model:
    """A JSON file as a model.

    Raises:
        ReadingError: it cannot be read, or is none; a line for each mistake.
    """
    text = text_of(path, expected=expected)
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        wrong = "; ".join(complaints(error, model))
        raise ReadingError(f"{path}: {wrong}; expected {expected}") from error


def text_of(path: Path, *, expected: str) -> str:
    """The text of a file, without a byte order mark.

    Raises:
        ReadingError: it cannot be read, or is no text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ReadingError(f"{path}: cannot be read ({error.strerror}); expected {expected}") from error
    except UnicodeDecodeError as error:
        raise ReadingError(f"{path}: not UTF-8 ({error.reason}); expected {expected}") from error
    except ValueError as error:  # a null character in the path
        raise ReadingError(f"{str(path)!r}: cannot be read ({error}); expected {expected}") from error

"""What is wrong with a document, in sentences: key path, value, what was expected, the nearest valid key."""

from __future__ import annotations

import difflib
import reprlib
import typing
from collections.abc import Iterable

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

_EXPECTATIONS = {
    "Input should be ": "expected ",
    "String should ": "expected text to ",
    "Tuple should ": "expected a list to ",
    " after validation": "",
    "Unable to parse input string as an integer, exceeded maximum size": "expected a smaller number",
}


def nearest(wrong: str, right: Iterable[str]) -> str:
    """`"; did you mean 'x'?"` for the closest of the valid names, or nothing when none is close."""
    near = difflib.get_close_matches(wrong, right, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


def complaints(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """One sentence for each thing that `model` found wrong.

    A list whose items are wrong is itself "too short" to pydantic; only the items are worth telling.
    """
    details = error.errors(include_url=False)
    inner = [detail for detail in details if not any(_within(other, detail) for other in details)]
    return [_complaint(detail, model) for detail in inner]


def _within(detail: ErrorDetails, outer: ErrorDetails) -> bool:
    depth = len(outer["loc"])
    return len(detail["loc"]) > depth > 0 and detail["loc"][:depth] == outer["loc"]


def _complaint(detail: ErrorDetails, model: type[BaseModel]) -> str:
    where, part = _walk(detail["loc"], model)
    message = detail["msg"]
    match detail["type"]:
        case "value_error":
            message = message.removeprefix("Value error, ")
            return f"{where}: {message}" if where else message
        case "extra_forbidden":
            known = list(part.model_fields)
            hint = nearest(str(detail["loc"][-1]), known)
            return f"{where}: unknown key{hint or ';'} expected one of {', '.join(known)}"
        case "json_invalid":
            return f"not valid JSON: {message.removeprefix('Invalid JSON: ')}"
        case "path_type":
            return f"{where} = {_shown(detail['input'])}: expected the path of a file"
        case "missing":
            return f"{where}: missing"
        case "union_tag_not_found":
            return f"{where}.{_unquoted(detail, 'discriminator')}: missing"
        case "union_tag_invalid":
            key, tag = _unquoted(detail, "discriminator"), _unquoted(detail, "tag")
            expected = _unquoted(detail, "expected_tags")
            hint = nearest(tag, expected.split(", "))
            return f"{where}.{key} = {tag!r}{hint or ';'} expected one of {expected}"
    for theirs, ours in _EXPECTATIONS.items():
        message = message.replace(theirs, ours)
    found = _shown(detail["input"])
    return f"{where} = {found}: {message}" if where else f"{found}: {message}"


def _shown(value: object) -> str:
    try:
        return reprlib.repr(value)
    except ValueError:  # a number with more digits than Python writes
        return "a number of thousands of digits"


def _unquoted(detail: ErrorDetails, name: str) -> str:
    return str(detail["ctx"][name]).replace("'", "")


def _walk(loc: tuple[int | str, ...], model: type[BaseModel]) -> tuple[str, type[BaseModel]]:
    """The path as the file's author would write it, and the innermost part of the model on that path.

    In a tagged union pydantic adds the tag to the path, which no file has: it is left out.
    """
    path = ""
    parts = [model]
    for key in loc:
        if isinstance(key, int):
            path += f"[{key}]"
        elif len(parts) > 1:
            parts = [part for part in parts if key in _tags(part)]
        else:
            path += f".{key}"
            field = parts[0].model_fields.get(key)
            parts = (field and _models_in(field.annotation)) or parts
    return path.lstrip("."), parts[0]


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in typing.get_args(annotation) for model in _models_in(argument)]


def _tags(part: type[BaseModel]) -> set[object]:
    return {tag for field in part.model_fields.values() for tag in typing.get_args(field.annotation)}

"""Sentences for what pydantic finds wrong, whatever the model."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scenarios.complaints import complaints, nearest


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Circle(Part):
    shape: Literal["circle"]
    radius: float = Field(gt=0)


class Square(Part):
    shape: Literal["square"]
    side: float = Field(gt=0)


class Drawing(Part):
    title: str = Field(min_length=1)
    figures: tuple[Annotated[Circle | Square, Field(discriminator="shape")], ...] = ()


def complain(document: object) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        Drawing.model_validate(document)
    return complaints(caught.value, Drawing)


def test_the_tag_of_a_union_is_not_part_of_the_path() -> None:
    document = {"title": "x", "figures": [{"shape": "circle", "radius": -1}]}
    assert complain(document) == ["figures[0].radius = -1: expected greater than 0"]


def test_an_unknown_key_of_a_union_is_compared_with_the_keys_of_its_own_branch() -> None:
    document = {"title": "x", "figures": [{"shape": "square", "side": 1, "sied": 1}]}
    assert complain(document) == [
        "figures[0].sied: unknown key; did you mean 'side'? expected one of shape, side"
    ]


def test_an_unknown_tag_is_told_with_the_nearest() -> None:
    told = complain({"title": "x", "figures": [{"shape": "sqare"}]})
    assert told == ["figures[0].shape = 'sqare'; did you mean 'square'? expected one of circle, square"]


def test_every_mistake_is_told_once() -> None:
    told = complain({"title": "", "figures": [{"shape": "circle", "radius": 0}, {"shape": "square"}]})
    assert told == [
        "title = '': expected text to have at least 1 character",
        "figures[0].radius = 0: expected greater than 0",
        "figures[1].side: missing",
    ]


def test_a_long_value_is_shortened() -> None:
    [told] = complain({"title": list(range(10_000))})
    assert len(told) < 200


def test_nothing_near_means_no_hint() -> None:
    assert nearest("zebra", ["circle", "square"]) == ""

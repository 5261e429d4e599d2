"""Declarations are checked, frozen, and plain values when saved."""

import dataclasses

import pytest
from pydantic import ValidationError

from keras_mtl._core.declarations import Declaration, Name, Widths, declaration


@declaration
class Example(Declaration):
    name: Name
    widths: Widths = (16,)
    note: str | None = None


def test_plain_values_make_the_same_declaration():
    example = Example("a", widths=(3, 4), note="x")
    assert example.get_config() == {"name": "a", "widths": [3, 4], "note": "x"}
    assert Example(**example.get_config()) == example


def test_defaults_are_left_out_unless_asked_for():
    assert Example("a").get_config() == {"name": "a"}
    assert Example("a").get_config(defaults=True) == {
        "name": "a",
        "widths": [16],
        "note": None,
    }


def test_a_replaced_field_is_checked_and_the_original_stays():
    example = Example("a")
    assert example.replace(widths=[8]).widths == (8,)
    assert example.widths == (16,)
    with pytest.raises(ValidationError):
        example.replace(widths=[0])
    with pytest.raises(dataclasses.FrozenInstanceError):
        example.name = "b"  # type: ignore[misc]


@pytest.mark.parametrize("name", ["", "1a", "a b", "ü", "a-b", "_a", "a\n"])
def test_names_that_keras_or_serving_would_not_take_are_refused(name):
    with pytest.raises(ValidationError):
        Example(name)

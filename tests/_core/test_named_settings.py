"""A name with settings means the same in a script, a table and a flag."""

from collections.abc import Sequence
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from keras_mtl._core.named_settings import (
    NamedSettings,
    check_settings,
    declare_signature,
    parse_named_settings,
)
from keras_mtl._core.registry import Registry
from keras_mtl.errors import UserError


def method(
    strength: Annotated[float, Field(gt=0)] = 1.0,
    steps: int = 3,
    smooth: bool = False,
    shares: Sequence[float] | None = None,
    anything=None,
):
    return strength, steps, smooth, shares, anything


@pytest.fixture
def methods():
    registry = Registry("method", "one of", {})
    registry.register("mine", method, module="mine")
    return registry


VALUES = st.fixed_dictionaries(
    {},
    optional={
        "strength": st.floats(1e-6, 1e6),
        "steps": st.integers(-99, 99),
        "smooth": st.booleans(),
        "shares": st.lists(st.floats(0, 1), min_size=1, max_size=3),
    },
)


@given(VALUES)
def test_a_table_and_its_text_make_the_same_settings(values):
    registry = Registry("method", "one of", {})
    registry.register("mine", method, module="mine")
    from_table = check_settings({"name": "mine", **values}, registry)
    assert check_settings(str(from_table), registry) == from_table
    assert check_settings(from_table, registry) == from_table
    assert check_settings(from_table.to_plain(), registry) == from_table


def test_a_name_alone_is_plain_text():
    assert NamedSettings("mine").to_plain() == "mine"
    assert NamedSettings("mine", {"steps": 2}).to_plain() == {
        "name": "mine",
        "steps": 2,
    }


@pytest.mark.parametrize("text", ["mine:", "mine"])
def test_no_settings(text, methods):
    assert check_settings(text, methods) == NamedSettings("mine")


@pytest.mark.parametrize(
    "value", [3, None, ["mine"], {}, {"name": 3}, "mine:3", "mine:=3", "mine:,a=3"]
)
def test_what_is_no_name_with_settings_is_refused(value):
    with pytest.raises(ValueError, match="expected"):
        parse_named_settings(value)


def test_all_errors_are_told_at_once_with_the_range_and_the_nearest(methods):
    with pytest.raises(UserError) as error:
        check_settings("mine:strength=-1,step=2,smooth=perhaps", methods)
    text = "\n".join(error.value.messages)
    assert len(error.value.messages) == 3
    assert "strength: expected greater than 0; received '-1'." in text
    assert "step: unknown setting. Did you mean 'steps'?" in text
    assert "smooth: expected a valid boolean" in text


def test_a_signature_is_a_declaration_with_its_defaults():
    declared = declare_signature(method)
    assert declared().get_config(defaults=True) == {
        "strength": 1.0,
        "steps": 3,
        "smooth": False,
        "shares": None,
        "anything": None,
    }
    with pytest.raises(ValidationError):
        declared(steps=1.5)


def test_a_parameter_without_a_default_is_needed():
    def needy(weights: tuple[float, ...], name="x"): ...

    registry = Registry("method", "one of", {})
    registry.register("needy", needy, module="mine")
    assert check_settings("needy:weights=1,2", registry).settings == {
        "weights": (1.0, 2.0)
    }
    with pytest.raises(UserError, match=r"weights: expected a value; received none\."):
        check_settings("needy", registry)


def test_annotations_that_are_for_type_checkers_are_not_checked():
    def loose(size: "NowhereDefined" = 3, *more, **others): ...  # noqa: F821

    assert declare_signature(loose)(size="x").size == "x"

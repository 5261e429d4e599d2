"""Messages hold every mistake, and end whatever the value is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_mtl.errors import UserError, did_you_mean, gather, show_value

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def test_one_error_tells_all_mistakes():
    error = UserError("one", "two")
    assert error.messages == ("one", "two")
    assert str(error) == "one\ntwo"
    assert isinstance(error, ValueError)


def test_only_mistakes_of_the_user_are_gathered():
    errors = ["zero"]
    with gather(errors):
        raise UserError("one", "two")
    assert errors == ["zero", "one", "two"]
    with pytest.raises(KeyError), gather(errors):
        raise KeyError


@given(anything)
def test_any_value_is_shown_in_short(value):
    assert 0 < len(show_value(value)) <= 80


def test_a_number_that_python_does_not_write_is_shown():
    assert "digits" in show_value(1 << 100_000)


def test_only_near_names_are_suggested():
    assert did_you_mean("epohcs", ["epochs", "seed"]) == " Did you mean 'epochs'?"
    assert did_you_mean("zzz", ["epochs", "seed"]) == ""
    assert did_you_mean("zzz", []) == ""

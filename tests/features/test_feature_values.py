"""Encodings against numbers worked out by hand."""

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from pydantic import ValidationError

from keras_mtl.features import (
    BooleanFeature,
    CategoricalFeature,
    NumericFeature,
    build_encoder,
    encode_frame,
)
from keras_mtl.features._boolean_encoding import BooleanColumn, BooleanEncoding


def encode(feature, training, rows):
    learned = feature.learn(pd.Series(training))
    frame = pd.DataFrame({feature.column_name: pd.Series(rows, dtype=object)})
    return learned, encode_frame(build_encoder([learned]), [learned], frame)


def test_a_number_is_standardized_over_the_rows_that_have_it():
    learned, encoded = encode(
        NumericFeature("x", missing_values=(0, -9), maximum_levels=0),
        [0.0, -9.0, 10.0, 30.0],
        [10, 0, -9, None, 1000],
    )
    assert (learned.mean, learned.scale, learned.missing_share) == (20, 10, 0.5)
    np.testing.assert_allclose(
        encoded, [[-1, -1], [0, 1], [0, 1], [0, 1], [10, -1]], rtol=1e-6
    )


def test_a_count_has_a_column_for_each_of_its_values():
    learned, encoded = encode(NumericFeature("x"), [0, 1, 2, 2], [2, 7])
    assert learned.encoded_names == ("x", "x[0]", "x[1]", "x[2]")
    third = (0.25 / 0.75) ** 0.5
    np.testing.assert_allclose(encoded[0, 1:], [-third, -third, 1], rtol=1e-6)
    np.testing.assert_allclose(encoded[1, 1:], [-third, -third, -1], rtol=1e-6)


@pytest.mark.parametrize("values", [[1.5, 2.5, 3.5], [1, 2], list(range(11))])
def test_fractions_and_few_or_many_values_have_no_columns(values):
    assert NumericFeature("x").learn(pd.Series(values)).encoded_names == ("x",)


def test_a_number_too_large_or_too_alike_is_no_division_by_zero():
    for training in ([5.0, 5.0], [0.0, 1e-45], [1e38, -1e38], [1e300, 1.0]):
        _, encoded = encode(NumericFeature("x"), training, [*training, 1e39, None])
        assert np.isfinite(encoded).all()


@pytest.mark.parametrize(
    ("feature", "usual", "rare"),
    [
        (NumericFeature("x", maximum_levels=0), [1.5, 2.5], None),
        (NumericFeature("x"), [1, 2], 7),
        (BooleanFeature("x"), ["yes", "no"], None),
        (BooleanFeature("x"), ["no", "no"], "yes"),
        (CategoricalFeature("x"), ["a", "b"], None),
    ],
)
def test_what_a_row_in_a_thousand_has_is_encoded_near_the_others(feature, usual, rare):
    _, encoded = encode(feature, [*usual * 500, rare], [*usual, rare])
    # In standard deviations of its own column it would be 31 away from them.
    assert (np.abs(encoded[:2, -1]) < 0.01).all()
    assert 3 < encoded[2, -1] < 10 / 3


def test_a_saved_encoding_without_a_limit_stays_without_one():
    column = BooleanColumn(mean=0.5, missing_share=0.01)
    layer = BooleanEncoding([column], ["yes"], ["no"], [""])
    new = layer.get_config()
    assert new["smallest_spread"] == 0.3
    old = {name: value for name, value in new.items() if name != "smallest_spread"}
    for config, expected in ((old, 9.95), (new, 3.3)):
        restored = BooleanEncoding.from_config(config)
        flag = float(restored([tf.constant([""])])[0, 1])
        assert flag == pytest.approx(expected, rel=1e-3)
        assert restored.get_config()["smallest_spread"] == restored.smallest_spread


def test_yes_and_no_in_all_their_words():
    learned, encoded = encode(
        BooleanFeature("x"),
        ["Yes", "no", "NO", "false", None],
        ["TRUE", "t", 1, 1.0, True, "On", "off", 0, False, "N", None, "perhaps"],
    )
    assert learned.mean == 0.25
    assert learned.missing_share == 0.2
    yes, no = 3**0.5, -(3**-0.5)
    np.testing.assert_allclose(encoded[:6, 0], yes, rtol=1e-6)
    np.testing.assert_allclose(encoded[6:10, 0], no, rtol=1e-6)
    np.testing.assert_allclose(encoded[10:, 0], 0)
    np.testing.assert_allclose(encoded[9:, 1], [-0.5, 2, -0.5], rtol=1e-6)


def test_a_word_has_a_column_and_a_rare_or_unknown_one_says_nothing():
    learned, encoded = encode(
        CategoricalFeature("x"),
        ["a", "a", "b", "b", "c", "c", "c", "rare"],
        ["a", "rare", "new", None],
    )
    assert learned.vocabulary == ("a", "b", "c")
    np.testing.assert_allclose(encoded[0], [3**0.5, -(3**-0.5), -((3 / 5) ** 0.5)])
    np.testing.assert_array_equal(encoded[1:], 0)


def test_numbers_are_words_where_declared_so():
    training = pd.Series([1.0, 2.0, np.nan, 1.0, 2.0])
    learned = CategoricalFeature("x").learn(training)
    assert learned.vocabulary == ("1", "2")
    assert learned.to_array(training).tolist() == ["1", "2", "", "1", "2"]


def test_many_categories_keep_the_frequent_ones():
    words = [f"w{i}" for i in range(300) for _ in range(2)] + ["top"] * 5
    learned = CategoricalFeature("x", maximum_words=10).learn(pd.Series(words))
    assert len(learned.vocabulary) == 10
    assert "top" in learned.vocabulary


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (NumericFeature, {"scale": 0}),
        (NumericFeature, {"mean": float("nan")}),
        (NumericFeature, {"maximum_levels": -1}),
        (BooleanFeature, {"mean": 2}),
        (CategoricalFeature, {"vocabulary": ("a", "a")}),
        (CategoricalFeature, {"vocabulary": ("",)}),
        (CategoricalFeature, {"encoding": "hashed"}),
        (CategoricalFeature, {"minimum_count": 0}),
    ],
)
def test_settings_that_can_not_be_are_refused(kind, settings):
    with pytest.raises(ValidationError):
        kind("x", **settings)


@pytest.mark.parametrize("name", ["self", "class", "Mask", "training", "a b", "ü", ""])
def test_names_that_an_input_can_not_have_are_refused(name):
    with pytest.raises(ValidationError):
        NumericFeature(name)


def test_cells_that_a_fit_can_not_learn_from_are_told():
    frame = pd.DataFrame(
        {"n": ["1", "x", None], "i": [1, np.inf, 2], "b": ["yes", "maybe", None]}
    )
    for feature, found in (
        (NumericFeature("n"), "'x' in data row 2"),
        (NumericFeature("i"), "inf in data row 2"),
        (BooleanFeature("b"), "'maybe' in data row 2"),
    ):
        (message,) = feature.check_values(frame, "a.csv")
        assert message.startswith(f"a.csv, column {feature.name!r}: expected")
        assert found in message
    assert CategoricalFeature("b").check_values(frame, "a.csv") == []

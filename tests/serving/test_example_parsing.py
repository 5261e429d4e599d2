"""An Example's features are found by name, whatever else it holds."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_mtl.features import CategoricalFeature, NumericFeature
from keras_mtl.serving.example_parsing import parse_examples

NAMES = [f"x{index}" for index in range(12)]
FEATURES = [NumericFeature(name) for name in NAMES]
EXAMPLES = st.dictionaries(
    st.sampled_from([*NAMES, "other", "x", ""]), st.integers(-1000, 1000)
)


def _example(values):
    features = {
        name: tf.train.Feature(float_list=tf.train.FloatList(value=[value]))
        for name, value in values.items()
    }
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return example.SerializeToString()


@settings(max_examples=40, deadline=None)
@given(st.lists(EXAMPLES, min_size=1, max_size=5))
def test_each_value_comes_to_its_name(rows):
    serialized = tf.constant([_example(row) for row in rows])
    parsed = parse_examples(serialized, FEATURES)["float32"]
    expected = [[row.get(name, np.nan) for name in NAMES] for row in rows]
    np.testing.assert_array_equal(parsed, np.array(expected, "float32"))


def test_of_entries_of_one_name_the_last_counts_as_in_a_map():
    first, last = _example({"x1": 1.0, "x2": 5.0}), _example({"x1": 2.0})
    # To join messages is to merge them.
    (parsed,) = parse_examples(tf.constant([first + last]), FEATURES)["float32"]
    merged = tf.train.Example.FromString(first + last).features.feature
    assert merged["x1"].float_list.value[-1] == 2.0
    assert parsed[1].numpy() == 2.0


def test_each_kind_has_a_matrix_of_its_own():
    features = [CategoricalFeature("b"), NumericFeature("a"), CategoricalFeature("c")]
    serialized = tf.constant([_example({"a": 1.5, "c": 3.0}), b""])
    parsed = parse_examples(serialized, features)
    assert parsed["string"].numpy().tolist() == [[b"", b"3"], [b"", b""]]
    np.testing.assert_array_equal(parsed["float32"], [[1.5], [np.nan]])


@pytest.mark.parametrize("count", [1, 3000])
def test_the_graph_does_not_grow_with_the_features(count):
    features = [NumericFeature(f"x{index}") for index in range(count)]
    parse = tf.function(
        lambda rows: parse_examples(rows, features),
        input_signature=[tf.TensorSpec((None,), tf.string)],
        autograph=False,
    ).get_concrete_function()
    assert len(parse.graph.get_operations()) < 200
    row = _example({f"x{count - 1}": 7.0})
    parsed = parse(tf.constant([row]))["float32"].numpy()
    assert parsed[0, -1] == 7.0
    assert np.isnan(parsed[0, :-1]).all()

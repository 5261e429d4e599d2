"""All columns of a kind at once are encoded as each would be alone."""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

import keras_mtl as km
from keras_mtl._core.declarations import declaration
from keras_mtl.features import (
    BooleanFeature,
    CategoricalFeature,
    Feature,
    NumericFeature,
    build_encoder,
    encode_frame,
    encoded_names,
    feature_arrays,
    feature_tensors,
    learn_features,
)
from keras_mtl.tables import MISSING_VALUES

NUMBERS = st.none() | st.sampled_from([0.0, 1.0, 2.0, 3.0, np.inf, 1e38, 2.5])
ANSWERS = st.none() | st.sampled_from(["yes", "No", "TRUE", "f", "?", "perhaps"])
CITIES = st.none() | st.sampled_from(["a", "b", "c", "NA", "0:a", "1:b", " a ", "null"])
KINDS = {
    "number": (
        NUMBERS,
        st.sampled_from(
            [
                {},
                {"missing_values": (0, 3)},
                {"encoding": "robust"},
                {"encoding": "quantile"},
                {"encoding": "quantile", "missing_values": (0, 3)},
            ]
        ),
    ),
    "answer": (ANSWERS, st.just({})),
    "city": (
        CITIES,
        st.sampled_from(
            [
                {"minimum_count": 1},
                {"minimum_count": 3},
                {"encoding": "ordinal", "minimum_count": 1},
                {"vocabulary": ("a", "NA", "z")},
            ]
        ),
    ),
}
CLASSES = {
    "number": NumericFeature,
    "answer": BooleanFeature,
    "city": CategoricalFeature,
}
ROWS = 8


@st.composite
def tables(draw):
    """Features of mixed kinds in any order, with training rows and others."""
    kinds = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=6))
    features, columns = [], {}
    for index, kind in enumerate(kinds):
        cells, choices = KINDS[kind]
        values = draw(st.lists(cells, min_size=2 * ROWS, max_size=2 * ROWS))
        flag = draw(st.booleans())
        fields = draw(choices)
        features.append(CLASSES[kind](f"x{index}", missing_flag=flag, **fields))
        columns[f"x{index}"] = pd.Series(
            values, dtype="float64" if kind == "number" else object
        )
    frame = pd.DataFrame(columns)
    return learn_features(features, frame.iloc[:ROWS]), frame


@settings(max_examples=30)
@given(tables())
def test_a_block_encodes_each_column_as_its_own_encoder(table):
    features, frame = table
    together = encode_frame(build_encoder(features), features, frame)
    alone = [encode_frame(build_encoder([each]), [each], frame) for each in features]
    np.testing.assert_array_equal(together, np.concatenate(alone, axis=1))
    assert together.shape[1] == len(encoded_names(features))
    assert np.isfinite(together).all()


@settings(max_examples=30)
@given(tables())
def test_a_block_encodes_as_the_definition_says(table):
    features, frame = table
    encoded = encode_frame(build_encoder(features), features, frame)
    expected = [_defined(each, frame[each.column_name]) for each in features]
    np.testing.assert_allclose(
        encoded, np.concatenate(expected, axis=1), rtol=1e-5, atol=1e-5
    )


@settings(max_examples=15)
@given(tables(), st.randoms(use_true_random=False))
def test_the_order_of_the_features_is_that_of_the_columns(table, random):
    features, frame = table
    shuffled = random.sample(features, len(features))
    encoded = pd.DataFrame(
        encode_frame(build_encoder(features), features, frame),
        columns=encoded_names(features),
    )
    np.testing.assert_array_equal(
        encode_frame(build_encoder(shuffled), shuffled, frame),
        encoded[list(encoded_names(shuffled))],
    )


def _defined(feature, values):
    """Encodes one column cell by cell, in 64 bits, as the docstrings say."""
    rows = {
        "numeric": _defined_number,
        "boolean": _defined_answer,
        "categorical": _defined_category,
    }[feature.kind]
    return np.array([rows(feature, value) for value in values], "float32")


def _hot(hit, share):
    spread = (share * (1 - share)) ** 0.5
    return (hit - share) / spread if spread else 0.0


def _flag(feature, missing):
    return [_hot(missing, feature.missing_share)] if feature.has_flag else []


def _defined_number(feature, value):
    missing = pd.isna(value) or value in feature.missing_values
    # Infinite is missing to what learns, and at the edge to what encodes.
    standard = 0.0 if missing else _scaled(feature, min(value, 1e30))
    levels = [
        _hot(not missing and value == level, share)
        for level, share in zip(feature.levels, feature.level_shares, strict=True)
    ]
    return [np.clip(standard, -10, 10), *levels, *_flag(feature, missing)]


def _scaled(feature, value):
    if feature.encoding == "robust":
        z = (value - feature.median) / feature.spread if feature.spread else 0.0
        return z / (1 + (z / 3) ** 2) ** 0.5
    if feature.encoding == "quantile":
        if not feature.quantiles:
            return 0.0
        return np.interp(value, feature.quantiles, feature.scores)
    return (value - feature.mean) / feature.scale


def _defined_answer(feature, value):
    word = "" if value is None else value
    missing = word in MISSING_VALUES
    known = {"yes": 1, "no": 0, "true": 1, "f": 0}.get(word.lower())
    encoded = 0.0 if missing or known is None else _hot(known, feature.mean)
    return [encoded, *_flag(feature, missing)]


def _defined_category(feature, value):
    word = "" if value is None else value.strip()
    known = word in feature.vocabulary
    missing = word in MISSING_VALUES and not known
    shares = dict(zip(feature.vocabulary, feature.frequencies, strict=True))
    if feature.encoding == "ordinal":
        weights = np.array([feature.missing_share, *feature.frequencies])
        weights = weights / weights.sum() if weights.sum() else weights
        codes = np.arange(len(weights))
        mean = codes @ weights
        scale = (weights @ (codes - mean) ** 2) ** 0.5 or 1.0
        if known:
            return [(1 + feature.vocabulary.index(word) - mean) / scale]
        return [-mean / scale if missing and feature.missing_share else 0.0]
    width = len(feature.encoded_names)
    if not known and not (missing and feature.has_flag):
        return [0.0] * width
    columns = list(shares)[1:] if len(shares) == 2 else list(shares)
    encoded = [_hot(word == column, shares[column]) for column in columns]
    return [*encoded, *_flag(feature, missing)] or [0.0]


@pytest.mark.parametrize("word", [*MISSING_VALUES, " NA ", None])
def test_a_frame_knows_the_strings_that_mean_missing(word):
    training = pd.DataFrame(
        {"city": ["a", "a", "b", "b", word], "answer": ["yes", "no", "no", "no", word]}
    )
    features = [CategoricalFeature("city"), BooleanFeature("answer")]
    features = learn_features(features, training)
    assert [each.missing_share for each in features] == [0.2, 0.2]
    assert features[0].vocabulary == ("a", "b")
    encoder = build_encoder(features)
    encoded = encode_frame(encoder, features, training)
    nothing = pd.DataFrame({"city": [None], "answer": [None]}, dtype=object)
    np.testing.assert_array_equal(
        encoded[-1:], encode_frame(encoder, features, nothing)
    )
    # So does the model, if no frame has been before it.
    raw = tf.constant([(word or "").strip()])
    np.testing.assert_array_equal(encoder({"city": raw, "answer": raw}), encoded[-1:])
    assert km.infer_features(training)[1].kind == "boolean"


def test_a_category_called_like_a_missing_value_is_a_category():
    feature = CategoricalFeature("country", vocabulary=("NA", "SA"))
    frame = pd.DataFrame({"country": ["NA", "SA", "null", "NA"]})
    (learned,) = learn_features([feature], frame)
    assert (learned.frequencies, learned.missing_share) == ((0.5, 0.25), 0.25)
    assert learned.to_array(frame["country"]).tolist() == ["NA", "SA", "", "NA"]


def test_layers_do_not_grow_with_the_columns():
    def layers(count):
        features = [
            kind(f"{kind.__name__}{index}", missing_share=0.0)
            for index in range(count)
            for kind in CLASSES.values()
        ]
        encoder = build_encoder(
            [
                each.replace(vocabulary=("a", "b"), frequencies=(0.5, 0.5))
                if each.kind == "categorical"
                else each
                for each in features
            ]
        )
        inputs = keras.layers.InputLayer
        return [each for each in encoder.layers if not isinstance(each, inputs)]

    assert len(layers(20)) == len(layers(1)) == 4


NAMES = [
    "age",
    "encode_age",
    "encoder",
    "encoded",
    "core",
    "ensemble",
    "member_0",
    "features",
    "block",
    "numeric",
    "joined",
    "functional",
    "functional_1",
    "lookup",
    "hard_sharing_core",
    "trunk_1",
]


def test_any_name_of_a_column_works(tmp_path):
    frame = pd.DataFrame(
        {
            name: np.arange(6.0) % (2 + index)
            if index % 2
            else pd.Series(["x", "y", "x"] * 2)
            for index, name in enumerate(NAMES)
        }
    )
    features = learn_features(km.infer_features(frame), frame)
    assert [feature.name for feature in features] == NAMES
    tasks = [km.BinaryTask("heart")]
    encoder = build_encoder(features)
    members = [
        km.build_hard_sharing(encoder.output_shape[-1], tasks, name="core")
        for _ in range(2)
    ]
    ensemble = km.average_members(members)
    for model in (
        km.build_hard_sharing(features, tasks),
        km.join_encoder(encoder, members[0], features, name="age"),
        km.join_encoder(encoder, ensemble, features),
    ):
        model.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        rows = feature_tensors(feature_arrays(features, frame))
        np.testing.assert_array_equal(loaded(rows)["heart"], model(rows)["heart"])
        from keras_mtl.serving.shared_representation import shared_representation

        assert shared_representation(model).model(rows).shape[0] == 6


@declaration
class LengthFeature(Feature):
    """The number of letters: a kind that encodes one column at a time."""

    kind = "length"
    dtype = "string"

    @property
    def encoded_names(self):
        return (self.name,)

    def to_array(self, values):
        return values.fillna("").to_numpy(object)

    def learn(self, values):
        return self.replace(missing_share=float(values.isna().mean()))

    def encode(self, inputs):
        return _Length(name=self.layer_name)(inputs)


class _Length(keras.layers.Layer):
    def call(self, inputs):
        return tf.cast(tf.strings.length(inputs), "float32")[:, None]

    def compute_output_spec(self, inputs):
        return keras.KerasTensor((*inputs.shape, 1), "float32")


def test_a_kind_without_a_block_has_a_layer_per_column():
    features = [
        LengthFeature("length"),
        NumericFeature("x", maximum_levels=0),
        LengthFeature("encode_length"),
    ]
    frame = pd.DataFrame(
        {"length": ["abc", None], "x": [1.0, 3.0], "encode_length": ["d", "ef"]}
    )
    features = learn_features(features, frame)
    encoded = encode_frame(build_encoder(features), features, frame)
    assert encoded.tolist() == [[3, -1, 1], [0, 1, 2]]


def test_a_block_of_another_width_than_its_names_is_refused():
    class Wide(LengthFeature):
        @property
        def encoded_names(self):
            return (self.name, f"{self.name}_2")

    with pytest.raises(ValueError, match=r"Wide.encode_block.*shape \(N, 2\)"):
        build_encoder([Wide("length", missing_share=0.0)])

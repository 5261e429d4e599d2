"""What every kind of feature must do: add a new kind to `CASES`."""

import json

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_mtl.features import (
    FEATURE_KINDS,
    BooleanFeature,
    CategoricalFeature,
    DateFeature,
    HashedFeature,
    NumericFeature,
    build_encoder,
    deserialize_feature,
    encode_frame,
    encode_parts,
    feature_arrays,
    feature_tensors,
    learn_features,
    serialize_feature,
)
from keras_mtl.features.encoder import encoded_names

ROWS = 60
GENERATOR = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "n": GENERATOR.normal(200, 50, ROWS).round(1),
        "zero": GENERATOR.choice([0.0, 120.0, 130.0], ROWS),
        "count": GENERATOR.integers(0, 4, ROWS).astype(float),
        "b": GENERATOR.choice(["yes", "No", "TRUE"], ROWS),
        "w": GENERATOR.choice(["a", "b", "ü", "d"], ROWS),
        "two": GENERATOR.choice(["m", "f"], ROWS),
        "d": [
            f"{day.date()} {hour:02}:30"
            for day, hour in zip(
                pd.Timestamp("2022-01-01")
                + pd.to_timedelta(GENERATOR.permutation(730)[:ROWS], "D"),
                GENERATOR.integers(0, 24, ROWS),
                strict=True,
            )
        ],
    }
)
for _column in ("n", "b", "w", "d"):
    FRAME.loc[::7, _column] = None
CASES = {
    "numeric": NumericFeature("x", column="n"),
    "numeric without a flag": NumericFeature("x", column="n", missing_flag=False),
    "numeric with a sentinel": NumericFeature(
        "x", column="zero", missing_values=(0,), maximum_levels=0
    ),
    "count": NumericFeature("x", column="count"),
    "robust": NumericFeature("x", column="n", encoding="robust"),
    "quantile": NumericFeature("x", column="n", encoding="quantile"),
    "quantile with a sentinel": NumericFeature(
        "x", column="zero", missing_values=(0,), encoding="quantile"
    ),
    "boolean": BooleanFeature("x", column="b"),
    "one-hot": CategoricalFeature("x", column="w"),
    "one-hot of two": CategoricalFeature("x", column="two"),
    "ordinal": CategoricalFeature("x", column="w", encoding="ordinal"),
    "embedded": CategoricalFeature("x", column="w", encoding="embedding"),
    "hashed": HashedFeature("x", column="w", buckets=50),
    "date": DateFeature("x", column="d", format="iso"),
    "declared words": CategoricalFeature("x", column="w", vocabulary=("b", "a", "z")),
}
NUMBERS = [np.nan, np.inf, -np.inf, 1e38, -1e38, 1e-38, 0, -0.0, 120, 3, 2**31]
WORDS = ["", "a", "yes", "tRuE", "never seen", "NaN", "ü", " a", "a" * 10_000, "\n"]


@pytest.fixture(params=CASES)
def feature(request):
    return CASES[request.param]


@pytest.fixture
def learned(feature):
    (learned,) = learn_features([feature], FRAME)
    return learned


def encode(feature, values):
    kind = tf.float32 if feature.dtype == "float32" else tf.string
    return build_encoder([feature])({"x": tf.constant(values, kind)}).numpy()


def test_every_kind_is_here():
    assert {feature.kind for feature in CASES.values()} == set(FEATURE_KINDS)


def test_plain_values_make_the_same_feature(feature, learned):
    for each in (feature, learned):
        values = json.loads(json.dumps(serialize_feature(each)))
        assert deserialize_feature(values) == each


def test_what_was_learned_can_be_forgotten(feature, learned):
    assert not feature.learned
    assert learned.learned
    if feature.kind != "categorical":
        # A declared vocabulary can't be told from one that was learned.
        assert learned.declared() == feature


def test_columns_are_named(learned):
    encoded = encode_frame(build_encoder([learned]), [learned], FRAME)
    assert encoded.shape == (ROWS, len(learned.encoded_names))
    assert encoded.dtype == "float32"
    assert len(set(learned.encoded_names)) == len(learned.encoded_names)


def test_training_columns_are_standardized(learned):
    if learned.encoded_names == ("x",) and learned.kind != "boolean":
        pytest.skip("the mean is of the rows that have a value")
    encoded = encode_frame(build_encoder([learned]), [learned], FRAME)
    varied = encoded[:, encoded.std(axis=0) > 0]
    np.testing.assert_allclose(varied.mean(axis=0), 0, atol=0.35)
    # Quartiles of normal numbers are 1.35 deviations from each other.
    np.testing.assert_allclose(varied.std(axis=0), 1, atol=0.4)


def test_any_input_has_a_finite_encoding(learned):
    values = NUMBERS if learned.dtype == "float32" else WORDS
    encoded = encode(learned, values)
    assert np.isfinite(encoded).all()
    assert np.abs(encoded).max() < 100


def test_a_missing_value_is_the_same_however_it_is_written(learned):
    if learned.dtype == "float32":
        missing = [np.nan, np.nan, *learned.missing_values]
    else:
        missing = ["", ""]
    encoded = encode(learned, missing)
    assert np.all(encoded == encoded[0])
    nothing = pd.Series([None, np.nan], dtype=object)
    arrays = feature_arrays([learned], pd.DataFrame({learned.column_name: nothing}))
    tensors = feature_tensors(arrays)
    np.testing.assert_array_equal(build_encoder([learned])(tensors), encoded[:2])


def test_a_row_is_encoded_alike_alone_and_among_others(learned):
    encoder = build_encoder([learned])
    together = encode_frame(encoder, [learned], FRAME)
    alone = encode_frame(encoder, [learned], FRAME.iloc[5:6])
    # Wide and narrow instructions of a processor may differ in the last digit.
    np.testing.assert_allclose(together[5:6], alone, rtol=2e-7)


def test_rows_in_parts_are_encoded_as_at_once(learned):
    encoder = build_encoder([learned])
    together = encode_frame(encoder, [learned], FRAME)
    parts = iter([FRAME.iloc[:1], FRAME.iloc[1:1], FRAME.iloc[1:]])
    out = np.zeros_like(together)
    encode_parts(encoder, [learned], parts, out)
    np.testing.assert_array_equal(out, together)


def test_drawn_values_are_ones_that_requests_may_hold(learned):
    drawn = learned.draw(np.random.default_rng(1), 50)
    again = learned.draw(np.random.default_rng(1), 50)
    assert len(drawn) == 50
    assert drawn.dtype == ("float32" if learned.dtype == "float32" else object)
    np.testing.assert_array_equal(drawn, again)
    frame = pd.DataFrame({learned.column_name: drawn})
    assert learned.check_readable(frame, "drawn.csv") == []
    assert learned.check_values(frame, "drawn.csv") == []


def test_clients_are_told_the_column_and_what_means_missing(learned):
    described = json.loads(json.dumps(learned.metadata()))
    assert described["column"] == learned.column_name
    assert described["kind"] == learned.kind
    for word in described["missing"]:
        value = float(word) if learned.dtype == "float32" else word
        missing = np.nan if learned.dtype == "float32" else ""
        np.testing.assert_array_equal(
            encode(learned, [value]), encode(learned, [missing])
        )


def test_a_saved_encoder_encodes_alike(learned, tmp_path):
    import keras

    encoder = build_encoder([learned])
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    np.testing.assert_array_equal(
        encode_frame(loaded, [learned], FRAME), encode_frame(encoder, [learned], FRAME)
    )


def test_nothing_to_learn_from_is_learned_as_missing(feature):
    nothing = pd.DataFrame({feature.column_name: [None] * 5}, dtype=object)
    (learned,) = learn_features([feature], nothing)
    assert learned.missing_share == 1
    values = NUMBERS if learned.dtype == "float32" else WORDS
    assert np.isfinite(encode(learned, values)).all()


def test_an_encoder_refuses_what_has_not_learned(feature):
    with pytest.raises(ValueError, match="learn_features"):
        build_encoder([feature])
    with pytest.raises(ValueError, match="at least one feature"):
        build_encoder([])


@settings(max_examples=30)
@given(st.data())
def test_what_training_sees_is_what_serving_computes(data):
    """A frame's cells and a request's raw values give one encoding."""
    cells = data.draw(
        st.lists(
            st.none() | st.floats(allow_nan=True) | st.integers(-(2**40), 2**40),
            min_size=1,
            max_size=5,
        )
    )
    words = [None if cell is None else f"w{cell}" for cell in cells]
    frame = pd.DataFrame({"n": pd.Series(cells, dtype=object), "w": words})
    with np.errstate(over="ignore"):
        raw = np.array([np.nan if v is None else v for v in cells], "float64").astype(
            "float32"
        )
    encoder, learned = _encoder_of_two()
    served = encoder(
        {"n": tf.constant(raw), "w": tf.constant([word or "" for word in words])}
    )
    encoded = encode_frame(encoder, learned, frame)
    np.testing.assert_array_equal(encoded, served)
    assert np.isfinite(encoded).all()


_CACHE: dict = {}


def _encoder_of_two():
    if not _CACHE:
        features = learn_features(
            [NumericFeature("n"), CategoricalFeature("w")], FRAME[["n", "w"]]
        )
        _CACHE["encoder"] = build_encoder(features), features
    return _CACHE["encoder"]


def test_names_follow_the_columns_of_all_features():
    features = learn_features(
        [CategoricalFeature("two"), NumericFeature("n")], FRAME[["two", "n"]]
    )
    assert encoded_names(features) == ("two[m]", "n", "n_missing")

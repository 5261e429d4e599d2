"""Numbers on robust scales and by quantiles."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from keras_mtl.features import (
    NumericFeature,
    build_encoder,
    encode_frame,
    infer_features,
    learn_features,
)
from keras_mtl.features.normal_scores import normal_scores
from keras_mtl.features.piecewise_linear import PiecewiseLinear

HEAVY = np.exp(2 * np.random.default_rng(0).normal(size=5000))


def encode(feature, training, rows):
    learned = feature.learn(pd.Series(training))
    frame = pd.DataFrame({"x": pd.Series(rows, dtype="float64")})
    return learned, encode_frame(build_encoder([learned]), [learned], frame)[:, 0]


def test_a_robust_scale_counts_from_the_median_in_quartile_ranges():
    training = [1.0, 2.0, 3.0, 4.0, 5000.5]
    rows = [3.0, 5.0, -1.0, 1e20, -np.inf, np.nan]
    learned, encoded = encode(
        NumericFeature("x", encoding="robust", missing_flag=False), training, rows
    )
    assert (learned.median, learned.spread) == (3.0, 2.0)
    one = 1 / (1 + 1 / 9) ** 0.5
    two = 2 / (1 + 4 / 9) ** 0.5
    np.testing.assert_allclose(encoded, [0, one, -two, 3, -3, 0], rtol=1e-6)


@pytest.mark.parametrize(
    ("training", "spread"), [([5.5] * 9 + [9.5], 2.0), ([5.5] * 4, 0.0)]
)
def test_equal_quartiles_give_way_to_the_range(training, spread):
    learned, encoded = encode(
        NumericFeature("x", encoding="robust"), training, [5.5, 1e6]
    )
    assert learned.spread == spread
    np.testing.assert_allclose(encoded, [0, 3 if spread else 0], rtol=1e-4)


def test_quantiles_make_a_heavy_tail_normal():
    feature = NumericFeature("x", encoding="quantile")
    learned, encoded = encode(feature, HEAVY, HEAVY)
    assert len(learned.quantiles) == 1000
    order = np.argsort(HEAVY)
    assert np.all(np.diff(encoded[order]) >= 0)
    assert stats.kstest(encoded, "norm").statistic < 0.002
    # Which says nothing else than where a row stands among the others.
    _, again = encode(feature, np.log(HEAVY), np.log(HEAVY))
    assert np.corrcoef(encoded, again)[0, 1] > 0.9999


def test_beyond_the_training_rows_is_their_edge():
    _, encoded = encode(
        NumericFeature("x", encoding="quantile"), HEAVY, [0, HEAVY.min(), 1e30, np.inf]
    )
    assert encoded[0] == encoded[1] < -3
    assert encoded[2] == encoded[3] > 3


def test_numbers_that_many_rows_share_stand_in_the_middle_of_them():
    learned = normal_scores(np.array([0.0] * 6 + [1.0] * 3 + [2.0]))
    normal = stats.norm.ppf([0.3, 0.75, 0.95])
    shares = np.array([0.6, 0.3, 0.1])
    mean = shares @ normal
    spread = np.sqrt(shares @ (normal - mean) ** 2)
    assert learned.quantiles == (0.0, 1.0, 2.0)
    np.testing.assert_allclose(learned.scores, (normal - mean) / spread, rtol=1e-6)


@settings(max_examples=50)
@given(
    st.lists(
        st.lists(
            st.floats(-(2**99), 2**99, width=32, allow_subnormal=False),
            min_size=1,
            max_size=9,
            unique=True,
        ).map(sorted),
        min_size=1,
        max_size=3,
    )
)
def test_lines_pass_through_their_knots_and_stay_between_them(knots):
    values = [np.linspace(-1, 1, len(own)).astype("float32") for own in knots]
    line = PiecewiseLinear(knots, values)
    for column, (own, given_values) in enumerate(zip(knots, values, strict=True)):
        numbers = np.zeros((len(own) + 2, len(knots)), "float32")
        numbers[:, column] = [-3e38, *own, 3e38]
        found = np.asarray(line(numbers))[:, column]
        np.testing.assert_array_equal(found[1:-1], given_values)
        assert (found[0], found[-1]) == (given_values[0], given_values[-1])


def test_the_setting_holds_for_all_numbers_that_do_not_say_otherwise():
    from keras_mtl.configuration.fit_config import InputSettings

    frame = pd.DataFrame({"a": HEAVY[:20], "w": ["u", "v"] * 10})
    inputs = InputSettings(numeric_encoding="quantile")
    number, word = (each.with_defaults(inputs) for each in infer_features(frame))
    assert (number.encoding, word.encoding) == ("quantile", "one_hot")
    assert number.describe() == "quantile scale"


def test_columns_of_all_encodings_are_one_layer():
    values = np.random.default_rng(1).normal(size=(50, 60))
    frame = pd.DataFrame(values, columns=[f"x{i}" for i in range(60)])
    kinds = ("standard", "robust", "quantile")
    features = learn_features(
        [
            NumericFeature(name, encoding=kinds[i % 3])
            for i, name in enumerate(frame.columns)
        ],
        frame,
    )
    assert len(build_encoder(features).layers) == 60 + 1

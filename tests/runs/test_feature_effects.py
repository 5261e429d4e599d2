"""Effects of features are those of the values behind the encoded columns."""

import numpy as np
import pandas as pd
import pytest

from keras_mtl.evaluation import feature_importance, predict_over_values
from keras_mtl.features import CategoricalFeature, NumericFeature, learn_features
from keras_mtl.features.arrays import encode_frame
from keras_mtl.features.encoder import build_encoder
from keras_mtl.runs.feature_effects import (
    MOST_FEATURES,
    column_blocks,
    feature_effects,
)
from keras_mtl.tasks import BinaryTask, RegressionTask

ROWS = 300
GENERATOR = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "age": GENERATOR.normal(50, 10, ROWS),
        "word": GENERATOR.choice(["a", "b", "c"], ROWS),
        "noise": GENERATOR.normal(size=ROWS),
    }
)
FRAME.loc[::11, "age"] = np.nan
LABELS = {
    "sick": (FRAME["word"] == "a").to_numpy("float32"),
    "cost": FRAME["age"].fillna(50).to_numpy("float32"),
}
TASKS = (BinaryTask("sick"), RegressionTask("cost"))
FEATURES = learn_features(
    [NumericFeature("age"), CategoricalFeature("word"), NumericFeature("noise")], FRAME
)
ENCODER = build_encoder(FEATURES)
MATRIX = encode_frame(ENCODER, FEATURES, FRAME)
BLOCKS = column_blocks(FEATURES)
TEST = np.arange(0, ROWS, 2)


def predict_matrix(matrix):
    """Predicts from encoded columns: the first word, and the age."""
    word, age = matrix[:, BLOCKS["word"]], matrix[:, BLOCKS["age"]]
    return {"sick": word[:, :1] * 0.8 + 0.1, "cost": 50 + 10 * age[:, :1]}


def predict_frame(frame):
    return predict_matrix(encode_frame(ENCODER, FEATURES, frame))


def effects(**changes):
    given = {
        "predict": predict_matrix,
        "matrix": MATRIX,
        "blocks": BLOCKS,
        "columns": dict(FRAME.items()),
        "tasks": TASKS,
        "labels": LABELS,
        "rows": TEST,
        "repeats": 2,
        "seed": 5,
    }
    return feature_effects(**{**given, **changes})


def test_blocks_cover_the_matrix():
    assert [*BLOCKS] == ["age", "word", "noise"]
    covered = [
        index for block in BLOCKS.values() for index in range(MATRIX.shape[1])[block]
    ]
    assert covered == [*range(MATRIX.shape[1])]


def test_importance_is_that_of_raw_features_shuffled():
    expected = feature_importance(
        predict_frame,
        FRAME.iloc[TEST].reset_index(drop=True),
        TASKS,
        {name: values[TEST] for name, values in LABELS.items()},
        repeats=2,
        seed=5,
    )
    found = effects().importance
    assert [(f.task, f.feature) for f in found] == [
        (e.task, e.feature) for e in expected
    ]
    for one, other in zip(found, expected, strict=True):
        assert one.values == pytest.approx(other.values, abs=1e-6)
    best = {each.task: each.feature for each in reversed(found)}
    assert best == {"sick": "word", "cost": "age"}


def test_dependence_is_that_of_raw_values_put_in():
    assert {found.feature for found in effects(strongest=1).dependence} == {
        "word",
        "age",
    }
    for found in effects(strongest=3).dependence:
        expected = predict_over_values(
            predict_frame, FRAME, found.feature, values=12, max_rows=None, rows=TEST
        )
        assert found.values == expected.values
        assert found.rows == len(TEST)
        for task in ("sick", "cost"):
            np.testing.assert_allclose(
                found.means[task], expected.means[task], rtol=1e-5, atol=1e-5
            )


def test_the_same_seed_gives_the_same_effects():
    one, other = effects(), effects()
    assert one.importance == other.importance
    assert one.importance != effects(seed=6).importance


def test_many_features_or_no_rows_have_no_effects():
    many = {f"f{index}": slice(0, 1) for index in range(MOST_FEATURES + 1)}
    assert effects(blocks=many).importance == ()
    tasks = [BinaryTask(f"t{index}") for index in range(200)]
    assert effects(tasks=tasks).importance == ()
    assert effects(rows=TEST[:0]).dependence == ()

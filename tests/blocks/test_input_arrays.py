"""Inputs are read as numbers, and wrong ones are refused with a remedy."""

import numpy as np
import pandas as pd
import pytest

from keras_mtl.architectures import build_hard_sharing
from keras_mtl.blocks.input_arrays import read_inputs
from keras_mtl.features import CategoricalFeature, learn_features
from keras_mtl.tasks import BinaryTask
from keras_mtl.training import TrainingSettings, fit_members

ROWS = 8
NUMBERS = pd.DataFrame({"a": np.arange(ROWS) / ROWS, "b": 1.0, "c": np.ones(ROWS)})
LABELS = {"heart": np.tile([0.0, 1.0], ROWS // 2)}


@pytest.fixture(scope="module")
def model():
    model = build_hard_sharing(3, [BinaryTask("heart")], trunk=(4,))
    model.compile("sgd")
    return model


CALLS = {
    "fit_members": lambda model, x: fit_members(
        model, x, LABELS, TrainingSettings(members=1, epochs=1)
    ),
    "predict": lambda model, x: model.predict(x, verbose=0),
    "predict_on_batch": lambda model, x: model.predict_on_batch(x),
    "fit": lambda model, x: model.fit(x, LABELS, verbose=0),
    "evaluate": lambda model, x: model.evaluate(x, LABELS, verbose=0),
    "validation": lambda model, x: model.fit(
        NUMBERS, LABELS, validation_data=(x, LABELS), verbose=0
    ),
    "train_on_batch": lambda model, x: model.train_on_batch(x, LABELS),
    "test_on_batch": lambda model, x: model.test_on_batch(x, LABELS),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_column_of_text_is_named_with_a_remedy(model, call):
    with pytest.raises(
        ValueError,
        match=r"`(x|inputs)`\. Expected a number .*Received: a data frame with column "
        r"'b' of type .*, for example 'mild'\. Encode .*encode_frame",
    ):
        call(model, NUMBERS.assign(b="mild"))


@pytest.mark.parametrize(
    ("x", "received"),
    [
        (NUMBERS.assign(b=pd.Timestamp("2020-02-01")), "'b' of type datetime64"),
        (NUMBERS.assign(b=pd.Categorical(["x"] * ROWS)), "'b' of type category"),
        (NUMBERS.assign(b="x").to_numpy(), "an array of type object with column 1 of"),
        (NUMBERS.to_numpy().astype(str), "column 0 of type .*, for example '0.0'"),
        (
            NUMBERS[["a", "b"]],
            r"shape \(any, 3\).*'features'.*an array of shape \(8, 2",
        ),
        (NUMBERS.to_numpy().tolist(), r"a list of 8 values .* np\.array\(x\)"),
    ],
)
def test_what_is_no_matrix_of_numbers_is_described(model, x, received):
    with pytest.raises(ValueError, match=received):
        model.predict(x, verbose=0)


@pytest.mark.parametrize(
    "b",
    [
        pd.array([1, 0] * 4, dtype="Int64"),
        np.tile([True, False], 4),
        np.tile(np.array([1, 0.0], dtype=object), 4),
    ],
    ids=["nullable", "boolean", "objects"],
)
def test_all_numbers_of_a_frame_are_read_alike(model, b):
    frame = NUMBERS.assign(b=b)
    expected = NUMBERS.assign(b=np.tile([1.0, 0.0], 4)).to_numpy("float32")
    for x in (frame, frame.to_numpy()):
        np.testing.assert_array_equal(read_inputs(model, x), expected)
        np.testing.assert_array_equal(read_inputs(model, [x])[0], expected)
        named = read_inputs(model, {"features": x})
        np.testing.assert_array_equal(named["features"], expected)
    predicted = model.predict(frame, verbose=0)["heart"]
    np.testing.assert_array_equal(
        predicted, model.predict(expected, verbose=0)["heart"]
    )


def test_a_missing_number_is_nan(model):
    frame = NUMBERS.assign(b=pd.array([None, 1] * 4, dtype="Int64"))
    read = read_inputs(model, frame)
    np.testing.assert_array_equal(np.isnan(read[:, 1]), [True, False] * 4)


def test_a_model_of_raw_features_names_the_conversion_of_a_frame():
    frame = pd.DataFrame({"site": ["a", "b"]})
    features = learn_features([CategoricalFeature("site", vocabulary=("a",))], frame)
    model = build_hard_sharing(features, [BinaryTask("heart")], trunk=(4,))
    with pytest.raises(ValueError, match=r"feature_arrays\(model\.features, x\)"):
        model.predict(frame)

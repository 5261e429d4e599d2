"""What rows count in training: weights of rows, of classes, and both together."""

import keras
import numpy as np
import pytest

from keras_mtl.architectures import build_hard_sharing
from keras_mtl.engine.rows import batch_order
from keras_mtl.errors import UserError
from keras_mtl.tasks import BinaryTask, MulticlassTask, RegressionTask
from keras_mtl.training import MemberSettings, TrainingSettings, fit_members
from keras_mtl.training._row_weights import weigh_rows

ROWS, SEED = 48, 5
TASKS = (
    MulticlassTask("kind", classes=("a", "b", "c"), widths=(4,)),
    BinaryTask("sick"),
    RegressionTask("cost"),
)
CLASSES = {"kind": {"b": 3.0, "c": 0.5}, "sick": "balanced"}
SETTINGS = TrainingSettings(epochs=2, batch_size=16, learning_rate=0.01)


@pytest.fixture(scope="module")
def data():
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(ROWS, 4)).astype("float32")
    kind = generator.integers(0, 3, ROWS).astype("float32")
    kind[::5] = np.nan
    labels = {
        "kind": kind,
        "sick": (inputs[:, 0] > 0.5).astype("float32"),
        "cost": inputs[:, 1],
    }
    return inputs, labels, generator.integers(0, 4, ROWS).astype("float32")


def fit(data, settings=SETTINGS, **arguments):
    inputs, labels, _ = data
    model = build_hard_sharing(4, TASKS, trunk=(6,))
    return fit_members(model, inputs, labels, settings, seed=SEED, **arguments)


def arrays(fitted):
    return [weight.numpy() for weight in fitted.members[0].weights]


def by_hand(data):
    _, labels, rows = data
    sick = labels["sick"].astype(int)
    counts = np.bincount(sick)
    kind = np.array([1.0, 3.0, 0.5])[np.nan_to_num(labels["kind"]).astype(int)]
    return {
        "kind": rows * kind,
        "sick": rows * (ROWS / 2 / counts)[sick],
        "cost": rows,
    }


def test_weights_of_rows_and_classes_are_multiplied(data):
    _, labels, rows = data
    settings = SETTINGS.replace(class_weights=CLASSES)
    weights = weigh_rows(TASKS, labels, [np.arange(ROWS)], settings, rows)
    for name, expected in by_hand(data).items():
        np.testing.assert_allclose(weights[name], expected, rtol=1e-6)


def test_members_end_where_keras_ends(data):
    inputs, labels, rows = data
    settings = SETTINGS.replace(class_weights=CLASSES, epochs=1)
    ours = fit(data, settings, sample_weight=rows)
    start = fit(data, settings.replace(epochs=1, learning_rate=1e-30))
    model = start.members[0]
    model.compile(keras.optimizers.AdamW(0.01, weight_decay=0.0))
    order = batch_order([np.arange(ROWS)], 16, [np.random.default_rng((SEED, 0))])
    order = np.ravel(order)
    model.fit(
        inputs[order],
        {name: values[order] for name, values in labels.items()},
        class_weight={"kind": CLASSES["kind"], "sick": "balanced"},
        sample_weight=rows[order],
        batch_size=16,
        shuffle=False,
        verbose=0,
    )
    for mine, keras_own in zip(arrays(ours), model.weights, strict=True):
        np.testing.assert_allclose(mine, keras_own.numpy(), atol=2e-6)


def test_members_own_weights_are_multiplied_too(data):
    rows = data[2]
    settings = SETTINGS.replace(class_weights=CLASSES, members=2)
    own = np.stack([np.ones(ROWS), np.arange(ROWS) % 2]).astype("float32")
    both = fit(data, settings, sample_weight=rows, own=MemberSettings(row_weights=own))
    product = {name: own * values for name, values in by_hand(data).items()}
    alone = fit(
        data,
        SETTINGS.replace(members=2),
        own=MemberSettings(row_weights=product),
    )
    for mine, other in zip(both.members, alone.members, strict=True):
        for one, two in zip(mine.weights, other.weights, strict=True):
            np.testing.assert_allclose(one.numpy(), two.numpy(), atol=1e-6)


def test_validation_is_without_weights(data):
    still = SETTINGS.replace(learning_rate=1e-30)
    rows = {"rows": [np.arange(32)], "validation_rows": [np.arange(32, ROWS)]}
    weighed = fit(data, still, sample_weight=data[2], **rows).history
    plain = fit(data, still, **rows).history
    np.testing.assert_array_equal(weighed["val_loss"], plain["val_loss"])
    assert not np.allclose(weighed["loss"], plain["loss"])


def test_streamed_rows_end_as_those_in_memory(data, tmp_path):
    inputs, labels, rows = data
    on_disk = np.memmap(tmp_path / "x", "float32", "w+", shape=inputs.shape)
    on_disk[:] = inputs
    settings = SETTINGS.replace(class_weights=CLASSES)
    streamed = fit((on_disk, labels, rows), settings, sample_weight=rows)
    for mine, other in zip(
        arrays(streamed), arrays(fit(data, settings, sample_weight=rows)), strict=True
    ):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize(
    ("weights", "error", "words"),
    [
        (np.ones(ROWS - 1), ValueError, [f"({ROWS},)", f"({ROWS - 1},)"]),
        (-np.ones(ROWS), ValueError, ["0 or more"]),
        ({"sik": np.ones(ROWS)}, UserError, ["'sik'", "Did you mean 'sick'"]),
    ],
)
def test_wrong_weights_are_refused(data, weights, error, words):
    with pytest.raises(error) as raised:
        fit(data, sample_weight=weights)
    assert all(word in str(raised.value) for word in words)

"""Numbers that are learned on another scale than their own."""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

import keras_mtl as km
from keras_mtl.errors import UserError
from keras_mtl.tasks.label_transforms import choose_transform, learn_label_scale

GENERATOR = np.random.default_rng(0)
TAILED = np.exp(1.5 * GENERATOR.normal(size=3000)).astype("float32")
TRANSFORMS = ("log", "quantile")


@pytest.mark.parametrize("transform", TRANSFORMS)
@settings(max_examples=40)
@given(
    labels=st.lists(
        st.floats(0, 1e6, width=32).map(lambda value: value + 0.0),
        min_size=3,
        max_size=30,
        unique=True,
    )
)
def test_there_and_back_is_where_one_was(transform, labels):
    known = np.asarray(labels, "float32")
    scale = learn_label_scale(transform, known)
    if scale is None:  # float32 can't tell the labels apart
        return
    spread = known.max() - known.min()
    beyond = np.concatenate([known, [known.min() - spread, known.max() + spread]])
    standard = scale.to_standard(beyond)
    np.testing.assert_allclose(
        scale.to_labels(standard), beyond, rtol=1e-3, atol=1e-5 * spread
    )
    assert np.all(np.diff(scale.to_standard(np.sort(known))) >= 0)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_training_labels_are_standard_numbers_on_the_scale(transform):
    standard = learn_label_scale(transform, TAILED).to_standard(TAILED)
    assert abs(standard.mean()) < 0.01
    assert abs(standard.std() - 1) < 0.01
    logarithms = np.log(TAILED)
    expected = (logarithms - logarithms.mean()) / logarithms.std()
    tolerance = 1e-3 if transform == "log" else 0.2
    inner = np.abs(expected) < 2.5
    np.testing.assert_allclose(standard[inner], expected[inner], atol=tolerance)


def test_the_logarithm_of_zero_is_below_that_of_the_small():
    labels = np.array([0, 0, 0, 1, 1, 1, 2, 5, 40], "float32")
    standard = learn_label_scale("log", labels).to_standard(labels)
    steps = np.diff(standard[[0, 3, 6]])
    np.testing.assert_allclose(
        steps[1] / steps[0], np.log(3 / 2) / np.log(2), rtol=1e-3
    )


@pytest.mark.parametrize(
    ("labels", "chosen"),
    [
        (GENERATOR.normal(size=500), "none"),
        (TAILED, "log"),
        (TAILED - 1, "quantile"),
        (-TAILED, "quantile"),
        (GENERATOR.integers(0, 2, 500), "none"),
        (np.append(np.zeros(500), 1e6), "none"),
        (np.full(5, np.nan), "none"),
    ],
)
def test_the_rule_looks_at_the_skewness(labels, chosen):
    if np.isfinite(labels).any():
        assert choose_transform(labels) == chosen
    task = km.RegressionTask("y", transform="auto").learn(labels.astype("float32"))
    assert task.chosen_transform == chosen
    assert bool(task.knots) == (chosen != "none")


@pytest.mark.parametrize("transform", ["none", *TRANSFORMS])
@pytest.mark.parametrize("clip", [False, True])
def test_the_loss_of_the_layer_is_the_squared_error_of_its_linear_output(
    transform, clip
):
    task = km.RegressionTask("y", transform=transform, clip=clip).learn(TAILED)
    layer, loss = task.output_layer(), task.loss()
    layer.build((None, 1))
    layer.set_weights([np.ones((1, 1), "float32"), np.zeros(1, "float32")])
    z = np.array([[-4.0], [-1.0], [0.0], [1.5], [6.0]], "float32")
    labels = TAILED[:5]
    expected = (z[:, 0] - task.to_standard(labels)) ** 2
    inputs = tf.constant(z)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs, training=True)
        value = loss(labels, outputs)
    np.testing.assert_allclose(value, expected.mean(), rtol=1e-3)
    # Outside of the training labels too: an answer there can be learned away.
    gradient = 2 * (z[:, 0] - task.to_standard(labels)) / 5
    np.testing.assert_allclose(
        tape.gradient(value, inputs)[:, 0], gradient, rtol=2e-3, atol=1e-3
    )
    served = np.asarray(layer(z))[:, 0]
    np.testing.assert_allclose(served, task.from_standard(z)[:, 0], rtol=1e-5)
    assert (served.min() >= TAILED.min() and served.max() <= TAILED.max()) or not clip


def test_a_fold_is_trained_in_standard_numbers_and_answers_in_labels():
    task = km.RegressionTask("y", transform="log", clip=True)
    common, there, back = task.in_common_unit(TAILED)
    assert common == km.RegressionTask("y").in_common_unit(TAILED)[0]
    assert there(np.array([np.nan, 1.0], "float32")).dtype == "float32"
    np.testing.assert_allclose(back(there(TAILED)), TAILED, rtol=1e-3)
    assert back(np.array([[99.0]], "float32")) == TAILED.max()


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_intervals_hold_what_they_promise_and_grow_with_the_label(transform):
    x = GENERATOR.normal(size=4000).astype("float32")
    noise = 0.5 * GENERATOR.normal(size=4000).astype("float32")
    labels = np.exp(x + noise)
    task = km.RegressionTask("y", transform=transform).learn(labels[:2000])
    outputs = np.exp(x)[:, None]
    rule = task.prediction_set_rule()
    quantile = float(np.quantile(rule.scores(labels[:2000], outputs[:2000]), 0.9))
    held = rule.holds(labels[2000:], outputs[2000:], quantile)
    assert abs(held.mean() - 0.9) < 0.03
    columns = rule.decode(outputs, quantile)
    inside = (labels >= columns["y_low"]) & (labels <= columns["y_high"])
    assert abs(inside[2000:].mean() - held.mean()) < 0.002
    widths = rule.sizes(outputs, quantile)
    assert np.median(widths[x > 1]) > 3 * np.median(widths[x < -1])
    served = rule.serve(tf.constant(outputs), quantile)
    for name, values in columns.items():
        np.testing.assert_allclose(served[name], values, rtol=1e-4, atol=1e-5)


def test_negative_labels_have_no_logarithm():
    frame = pd.DataFrame({"y": [1.0, 2.0, -3.0]})
    with pytest.raises(UserError, match=r"0 or more.*-3 in data row 3.*quantile"):
        km.RegressionTask("y", transform="log").resolve(frame, "a.csv")
    with pytest.raises(ValueError, match="0 or more"):
        learn_label_scale("log", np.array([1.0, -1.0]))


@pytest.mark.parametrize(
    "architecture", ["hard-sharing", pytest.param("chain", marks=pytest.mark.slow)]
)
def test_a_saved_model_answers_in_the_unit_of_the_labels(architecture, tmp_path):
    features = GENERATOR.normal(size=(200, 3)).astype("float32")
    labels = {
        "a": np.exp(2 * features[:, 0]),
        "b": (features[:, 1] > 0).astype("float32"),
    }
    tasks = [
        km.RegressionTask("a", transform="log", clip=True).learn(labels["a"]),
        km.BinaryTask("b"),
    ]
    if architecture == "chain":
        last = km.RegressionTask("c", transform="quantile").learn(labels["a"])
        tasks = [*reversed(tasks), last]
        labels["c"] = labels["a"]
    keras.utils.set_random_seed(0)
    model = km.architectures.build_architecture(architecture, 3, tasks)
    model.compile(optimizer=keras.optimizers.Adam(0.02))
    model.fit(features, labels, epochs=30, batch_size=50, verbose=0)
    answers = model.predict(features, verbose=0)
    assert np.corrcoef(np.log(answers["a"][:, 0]), np.log(labels["a"]))[0, 1] > 0.9
    assert answers["a"].min() >= labels["a"].min()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for name, values in loaded.predict(features, verbose=0).items():
        np.testing.assert_array_equal(values, answers[name])

"""Tasks that depend on each other, in the declared order."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_mtl as km
from keras_mtl.architectures import build_architecture
from keras_mtl.configuration import build_config
from keras_mtl.errors import UserError
from keras_mtl.layers import ChainedProbability

CLICK, BUY = km.BinaryTask("click", widths=(3,)), km.BinaryTask("buy")
AGE = km.RegressionTask("age", mean=50.0, scale=10.0)
INPUTS = np.random.default_rng(0).normal(size=(40, 4)).astype("float32")
COMMON = km.ArchitectureSettings(trunk=(6,))


def build(architecture, tasks=(BUY, CLICK, AGE)):
    keras.utils.set_random_seed(0)
    return build_architecture(architecture, 4, tasks, COMMON)


def test_a_head_sees_the_standardized_output_of_the_task_before():
    model = build("chain:order=age,click")
    outputs = model(INPUTS)
    for name, seen in (("age", ()), ("click", ("age",)), ("buy", ())):
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(model(INPUTS)[name])
        kernel = model.get_layer("age").kernel
        gradient = tape.gradient(total, kernel.value)
        assert (gradient is not None) == ("age" in (name, *seen))
    hidden = np.maximum(INPUTS @ model.get_layer("trunk_1").kernel.numpy(), 0)
    read = np.hstack([hidden, (outputs["age"] - 50) / 10])
    first, last = model.get_layer("click_1"), model.get_layer("click")
    logits = np.maximum(read @ first.kernel.numpy(), 0) @ last.kernel.numpy()
    np.testing.assert_allclose(outputs["click"], 1 / (1 + np.exp(-logits)), atol=1e-5)


def test_a_product_is_never_more_probable_than_the_event_before():
    model = build("chain:order=click,buy,form=product", (BUY, CLICK))
    outputs = model(INPUTS)
    assert list(outputs) == ["buy", "click"]
    logits = keras.Model(model.input, model.get_layer("buy_logit").output)(INPUTS)
    conditional = tf.sigmoid(logits)
    np.testing.assert_allclose(
        outputs["buy"], outputs["click"] * conditional, rtol=1e-5
    )
    assert (outputs["buy"].numpy() < outputs["click"].numpy()).all()


@pytest.mark.parametrize("size", [0.0, 1.0, 20.0, 60.0, 150.0])
def test_the_product_keeps_its_logit_far_out(size):
    """A loss of it is finite, and exact where the probability rounds to 0 or 1."""
    first = tf.constant([[size], [-size], [size]])
    second = tf.constant([[size], [size], [-size]])
    expected = -np.log1p(np.exp(-first.numpy().astype("float64")))
    expected -= np.log1p(np.exp(-second.numpy().astype("float64")))
    with tf.GradientTape() as tape:
        tape.watch([first, second])
        probability = ChainedProbability()([first, second])
        ones = tf.ones_like(probability)
        losses = keras.losses.binary_crossentropy(ones, probability)
        total = tf.reduce_sum(losses)
    np.testing.assert_allclose(losses, -expected[:, 0], rtol=1e-4, atol=1e-6)
    for gradient in tape.gradient(total, [first, second]):
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("order=clik,buy", "received 'clik'. Did you mean 'click'?"),
        ("form=product", "binary tasks in a chain of products; received 'age'"),
    ],
)
def test_an_order_of_other_tasks_is_refused(settings, message):
    with pytest.raises(UserError) as error:
        build(f"chain:{settings}")
    assert message in str(error.value)


def test_a_cycle_is_refused_before_anything_is_built():
    with pytest.raises(UserError) as error:
        build_config({"model": {"architecture": "chain:order=click,buy,click"}})
    assert "without a cycle" in str(error.value)
    assert "received twice: click" in str(error.value)

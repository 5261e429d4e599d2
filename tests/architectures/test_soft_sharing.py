"""Both ends of soft sharing's strength, and its penalty in every loop."""

import keras
import numpy as np
import pytest

import keras_mtl as km
from keras_mtl.architectures import build_architecture
from keras_mtl.layers import SquaredDistance, TraceNorm
from keras_mtl.training import TrainingSettings, fit_members

TASKS = (km.RegressionTask("a"), km.RegressionTask("b"))
COMMON = km.ArchitectureSettings(trunk=(6,))
GENERATOR = np.random.default_rng(0)
INPUTS = GENERATOR.normal(size=(64, 3)).astype("float32")
LABELS = {"a": INPUTS[:, 0] * 2, "b": INPUTS[:, 1] - INPUTS[:, 2]}


def build(architecture):
    keras.utils.set_random_seed(0)
    return build_architecture(architecture, 3, TASKS, COMMON)


def fit(architecture, epochs=40, learning_rate=0.02):
    model = build(architecture)
    model.compile(keras.optimizers.Adam(learning_rate), jit_compile=False)
    model.fit(INPUTS, LABELS, epochs=epochs, batch_size=16, verbose=0, shuffle=False)
    return model


def spread(model):
    """The distance between the trunks by the size of one."""
    first, second = model.get_layer("trunk_1").kernel.numpy()
    return np.linalg.norm(first - second) / np.linalg.norm(first)


def test_strength_zero_equals_separate_models():
    soft, apart = fit("soft-sharing:strength=0", 5), fit("single-task", 5)
    for name, values in soft(INPUTS).items():
        np.testing.assert_array_equal(apart(INPUTS)[name], values)


def test_a_large_strength_equals_one_trunk():
    spreads = [spread(fit(f"soft-sharing:strength={s}")) for s in (0, 0.1, 100)]
    assert spreads[0] > spreads[1] > spreads[2]
    assert spreads[0] > 0.5
    assert spreads[2] < 0.02


def test_the_trace_norm_and_its_gradient_are_those_of_the_singular_values():
    import tensorflow as tf

    values = GENERATOR.normal(size=(4, 3, 5)).astype("float32")
    with tf.GradientTape() as tape:
        weights = tf.constant(values)
        tape.watch(weights)
        penalty = TraceNorm(0.5)(weights)
    left, singular, right = np.linalg.svd(values.reshape(4, -1), full_matrices=False)
    assert float(penalty) == pytest.approx(0.5 * singular.sum(), rel=1e-4)
    gradient = tape.gradient(penalty, weights).numpy().reshape(4, -1)
    np.testing.assert_allclose(gradient, 0.5 * left @ right, atol=1e-3)


def test_equal_weights_have_a_finite_gradient():
    import tensorflow as tf

    for regularizer in (TraceNorm(1.0), SquaredDistance(1.0)):
        for values in (np.zeros((3, 2, 2)), np.ones((3, 2, 2))):
            weights = tf.constant(values, tf.float32)
            with tf.GradientTape() as tape:
                tape.watch(weights)
                penalty = regularizer(weights)
            assert np.isfinite(tape.gradient(penalty, weights)).all()


@pytest.mark.parametrize(
    ("penalty", "measure"),
    [("l2", SquaredDistance(1.0)), ("trace-norm", TraceNorm(1.0))],
)
def test_the_penalty_acts_on_members_as_on_one(penalty, measure):
    settings = TrainingSettings(epochs=30, batch_size=16, learning_rate=0.02)

    def penalties(strength, members):
        fitted = fit_members(
            build(f"soft-sharing:strength={strength},penalty={penalty}"),
            INPUTS,
            LABELS,
            settings.replace(members=members),
            jit_compile=False,
        ).members
        kernels = [model.get_layer("trunk_1").kernel for model in fitted]
        return [float(measure(kernel)) for kernel in kernels]

    free, alone, (first, second) = penalties(0, 1), penalties(1, 1), penalties(1, 2)
    assert first == pytest.approx(alone[0], rel=0.05)
    assert first != second
    assert max(first, second) < 0.6 * free[0]

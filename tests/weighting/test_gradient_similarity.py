"""An auxiliary task counts as long as it helps the others."""

import keras
import numpy as np
import pytest

import keras_mtl as km
import keras_mtl.weighting
from keras_mtl.architectures import build_hard_sharing

AUXILIARY = [False, True, False, True]


def method_and_state(**settings):
    method = keras_mtl.weighting.get("gradient-similarity", **settings)
    return method, method.initial_state(4, auxiliary=AUXILIARY)


def test_the_sign_of_the_cosine_with_the_others_sum_decides():
    rows = np.array([[2.0, 0.0], [-1.0, 3.0], [0.0, 1.0], [-1.0, 1.0]])
    # The others' sum is (2, 1): 1 with the second row, -1 with the last.
    method, state = method_and_state(momentum=0)
    weights, _ = method(rows @ rows.T, state)
    np.testing.assert_array_equal(weights, [1, 1, 1, 0])
    method, state = method_and_state(momentum=0, form="cosine")
    weights, _ = method(rows @ rows.T, state)
    np.testing.assert_allclose(weights, [1, 1 / 50**0.5, 1, 0], atol=1e-6)


def test_the_update_never_opposes_the_others():
    generator = np.random.default_rng(0)
    method, state = method_and_state(momentum=0)
    for _ in range(50):
        rows = generator.normal(size=(4, 3))
        weights, _ = method(rows @ rows.T, state)
        assert np.asarray(weights) @ rows @ (rows[0] + rows[2]) > 0


def test_the_mean_of_many_steps_decides_without_a_bias_at_the_start():
    method, state = method_and_state(momentum=0.5)
    helps = np.array([[1.0], [1.0], [1.0], [0.1]])
    opposes = np.array([[1.0], [-1.0], [1.0], [0.1]])
    kept = []
    for rows in (helps, opposes, opposes, helps, helps):
        weights, state = method(rows @ rows.T, state)
        kept.append(float(weights[1]))
        mean = np.asarray(state["cosine"])[3] / np.asarray(state["share"])[3]
        assert mean == pytest.approx(1.0, abs=1e-5)
    # The means: 1, -1/3, -5/7, 1/5 - ..., above 0 again.
    assert kept == [1, 0, 0, 1, 1]


def test_a_batch_that_lacks_labels_says_nothing():
    method, state = method_and_state(momentum=0.5)
    rows = np.array([[1.0], [-1.0], [1.0], [-1.0]])
    _, before = method(rows @ rows.T, state)
    for mask in ([True, False, True, False], [False, True, False, True]):
        _, after = method(rows @ rows.T, before, mask=np.array(mask))
        np.testing.assert_array_equal(before["cosine"][1::2], after["cosine"][1::2])


def test_without_auxiliary_tasks_it_is_the_sum():
    method = keras_mtl.weighting.get("gradient-similarity")
    rows = np.random.default_rng(0).normal(size=(3, 5))
    np.testing.assert_allclose(method.aggregate(rows), rows.sum(axis=0))


def left_of_the_main_task(weighting, angle, auxiliary_scale=2.0):
    """Trains on a trunk of one unit, and returns what is left of the variance.

    The auxiliary label is a direction of the input at an angle to the main one,
    so that the trunk serves one or the other, or both if the angle is 0.
    """
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(256, 4)).astype("float32")
    main = inputs[:, 0]
    other = np.cos(angle) * inputs[:, 0] + np.sin(angle) * inputs[:, 1]
    keras.utils.set_random_seed(3)
    tasks = [
        km.RegressionTask("main"),
        km.RegressionTask("help", auxiliary=True, loss_weight=auxiliary_scale**2),
    ]
    model = build_hard_sharing(4, tasks, trunk=(1,), activation="linear")
    model.compile(keras.optimizers.Adam(0.02), weighting=weighting, jit_compile=False)
    model.fit(
        inputs, {"main": main, "help": other}, batch_size=64, epochs=40, verbose=0
    )
    outputs = np.asarray(model(inputs)["main"])[:, 0]
    return float(np.mean((main - outputs) ** 2) / np.mean(main**2))


def test_a_harmful_task_is_dropped_and_the_sum_lets_it_take_the_trunk():
    assert left_of_the_main_task("sum", np.pi / 2) > 0.8
    assert left_of_the_main_task("gradient-similarity", np.pi / 2) < 0.05
    assert left_of_the_main_task("gradient-similarity:form=cosine", np.pi / 2) < 0.05


def test_a_helpful_task_is_kept():
    assert left_of_the_main_task("gradient-similarity", 0.0) == pytest.approx(
        left_of_the_main_task("sum", 0.0), abs=1e-3
    )

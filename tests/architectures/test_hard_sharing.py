"""Heads that read the features beside the trunk."""

import keras
import numpy as np
import pytest

import keras_mtl as km
from keras_mtl.architectures import build_architecture
from keras_mtl.layers import HeadStack
from keras_mtl.training import TrainingSettings, fit_members
from keras_mtl.transfer.trunk import copy_trunk

INPUTS = np.random.default_rng(0).normal(size=(200, 5)).astype("float32")
COMMON = km.ArchitectureSettings(trunk=(7, 3))


def build(tasks, common=COMMON):
    keras.utils.set_random_seed(0)
    return build_architecture("hard-sharing:skip=true", 5, tasks, common)


def test_heads_without_hidden_layers_have_a_linear_part():
    model = build([km.RegressionTask("cost"), km.RegressionTask("size")])
    kernel = model.get_layer("cost").kernel
    assert kernel.shape == (3 + 5, 1)
    linear = np.linspace(-1, 1, 5, dtype="float32")
    kernel.assign(np.concatenate([np.zeros(3), linear])[:, None])
    np.testing.assert_allclose(model(INPUTS)["cost"][:, 0], INPUTS @ linear, atol=1e-5)


def test_without_a_trunk_there_is_nothing_to_skip():
    model = build([km.BinaryTask("sick")], COMMON.replace(trunk=()))
    assert model.get_layer("sick").kernel.shape == (5, 1)


@pytest.mark.slow
def test_many_heads_train_and_a_new_task_gets_the_features_too():
    tasks = [km.BinaryTask(f"t{index}", widths=(3,)) for index in range(9)]
    model = build(tasks)
    assert any(isinstance(layer, HeadStack) for layer in model.layers)
    labels = {task.name: (INPUTS[:, 0] > 0).astype("float32") for task in tasks}
    settings = TrainingSettings(members=2, epochs=2, batch_size=50)
    fit = fit_members(model, INPUTS, labels, settings, seed=0)
    assert np.isfinite(fit.history["loss"]).all()
    trunk = copy_trunk(fit.members[1])
    assert trunk.output_shape == (None, 8)
    np.testing.assert_allclose(np.asarray(trunk(INPUTS))[:, 3:], INPUTS)

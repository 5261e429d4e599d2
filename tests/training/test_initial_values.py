"""Members begin as copies of the architecture would, and are made when asked for."""

import random

import keras
import numpy as np
import pytest

from keras_mtl.architectures import build_hard_sharing
from keras_mtl.engine.training_graph import statistics
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import BinaryTask
from keras_mtl.training import TrainingSettings, fit_members
from keras_mtl.training._initial_values import initial_values

SEED = 11
NUMBERS = (4, 0, 7, 9, 2)


@keras.saving.register_keras_serializable(package="test")
class NumPyInitializer(keras.initializers.Initializer):
    """One that knows nothing of Keras's seeds."""

    def __call__(self, shape, dtype=None):
        return np.random.normal(size=shape).astype(dtype)


@keras.saving.register_keras_serializable(package="test")
class OwnSeed(keras.initializers.RandomNormal):
    """One that takes two draws, and uses its seed in its own way."""

    def __init__(self, **settings):
        random.random()
        super().__init__(**settings)

    def __call__(self, shape, dtype=None):
        return np.full(shape, self.seed % 1000, dtype)


def trunk_of(*initializers, **settings):
    layers = [
        keras.layers.Dense(4, kernel_initializer=each, **settings)
        for each in initializers
    ]
    return build_hard_sharing(3, [BinaryTask("sick")], trunk=keras.Sequential(layers))


def recurrent():
    inputs = keras.Input((6, 2))
    hidden = keras.layers.LSTM(3, unit_forget_bias=True)(inputs)
    outputs = keras.layers.Dense(1, activation="sigmoid", name="sick")(hidden)
    return MultiTaskModel(inputs, {"sick": outputs}, tasks=[BinaryTask("sick")])


MODELS = {
    "plain": lambda: build_hard_sharing(3, [BinaryTask("sick")], trunk=(4, 3)),
    "normalized, with dropout": lambda: build_hard_sharing(
        3, [BinaryTask("sick")], trunk=(4,), batch_norm=True, dropout=0.2
    ),
    "stacked heads": lambda: build_hard_sharing(
        3, [BinaryTask(f"t{index}") for index in range(9)], trunk=(4,)
    ),
    "Keras's initializers": lambda: trunk_of(
        "orthogonal", "he_normal", keras.initializers.RandomUniform(seed=5), "ones"
    ),
    "a random bias": lambda: trunk_of("zeros", bias_initializer="random_normal"),
    "recurrent": recurrent,
    "of another's making": lambda: trunk_of(NumPyInitializer(), "glorot_uniform"),
    "other draws": lambda: trunk_of("glorot_uniform", OwnSeed(), "he_normal"),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_members_values_do_not_depend_on_the_others(name):
    model = MODELS[name]()
    together = initial_values(model, SEED, NUMBERS)
    for place, number in list(enumerate(NUMBERS))[::2]:
        keras.utils.set_random_seed(place)
        alone = initial_values(model, SEED, [number])
        for stacks, own, variables in (
            (together.weights, alone.weights, model.trainable_variables),
            (together.statistics, alone.statistics, statistics(model)),
        ):
            for stack, value, variable in zip(stacks, own, variables, strict=True):
                assert stack.shape == (len(NUMBERS), *variable.shape)
                np.testing.assert_array_equal(stack[place], value[0])
    # Another seed, and another member, have other values.
    other = initial_values(model, SEED + 1, NUMBERS)
    pairs = list(zip(together.weights, other.weights, strict=True))
    assert any(not np.array_equal(*pair) for pair in pairs)
    assert any(not np.array_equal(one[0], one[1]) for one, _ in pairs)


def test_each_variable_is_drawn_by_its_own_initializer():
    initializers = [
        keras.initializers.RandomNormal(5.0, 0.1),
        keras.initializers.RandomUniform(2.0, 3.0),
        keras.initializers.Constant(7.0),
        keras.initializers.RandomNormal(seed=3),
    ]
    values = initial_values(trunk_of(*initializers), SEED, range(50)).weights
    normal, uniform, constant, seeded = values[0:8:2]
    assert abs(normal.mean() - 5) < 0.05
    assert 0.08 < normal.std() < 0.12
    assert uniform.min() > 2
    assert uniform.max() < 3
    assert (constant == 7).all()
    assert (seeded == seeded[:1]).all()
    np.testing.assert_array_equal(seeded[0], initializers[-1]((4, 4)))
    # Like variables are drawn apart.
    alike = initial_values(trunk_of("he_normal", "he_normal", "he_normal"), SEED, [0])
    assert not np.array_equal(alike.weights[2], alike.weights[4])


def test_members_are_made_when_they_are_asked_for(make_model, data, monkeypatch):
    model = make_model(dropout=0.3)
    made = []
    real = type(model).from_config.__func__

    def counted(kind, *arguments, **named):
        made.append(kind)
        return real(kind, *arguments, **named)

    settings = TrainingSettings(members=12, epochs=1, batch_size=48)
    with monkeypatch.context() as patched:
        patched.setattr(type(model), "from_config", classmethod(counted))
        fit = fit_members(model, *data, settings, seed=SEED)
        assert len(fit.members) == 12
        assert len(made) < 6
        before = len(made)
        assert fit.members[3] is fit.members[3]
        assert fit.members[-9] is fit.members[3]
        assert len(made) == before + 1
    with pytest.raises(IndexError):
        fit.members[12]
    # Whichever is made first, and whatever was drawn meanwhile.
    other = fit_members(model, *data, settings, seed=SEED)
    keras.utils.set_random_seed(0)
    draws = [random.random(), np.random.random()]
    keras.utils.set_random_seed(0)
    backwards = [*reversed(other.members)][::-1]
    assert [random.random(), np.random.random()] == draws
    for one, again in zip(fit.members, backwards, strict=True):
        for weight, same in zip(one.variables, again.variables, strict=True):
            np.testing.assert_array_equal(weight.numpy(), same.numpy())
    part = fit.members[2:5]
    assert part == [fit.members[2], fit.members[3], fit.members[4]]

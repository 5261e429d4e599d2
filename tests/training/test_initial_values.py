"""Members begin as copies of the architecture would, and are made when asked for."""

import random

import keras
import numpy as np
import pytest
from keras_mtl.training.initial_values import initial_values
from keras_mtl.training.member_copies import new_member, statistics

from keras_mtl.architectures import build_hard_sharing
from keras_mtl.tasks import BinaryTask
from keras_mtl.training import MultiTaskModel, TrainingSettings, fit_members
from keras_mtl.training import initial_values as module

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
    "normalised, with dropout": lambda: build_hard_sharing(
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
def test_values_are_those_of_copies(name):
    model = MODELS[name]()
    found = initial_values(model, SEED, NUMBERS)
    for place, number in enumerate(NUMBERS):
        copy = new_member(model, SEED, number)
        for stacks, variables in (
            (found.weights, copy.trainable_variables),
            (found.statistics, statistics(copy)),
        ):
            for stack, variable in zip(stacks, variables, strict=True):
                assert stack.shape == (len(NUMBERS), *variable.shape)
                np.testing.assert_array_equal(stack[place], variable.numpy())


@pytest.mark.parametrize("name", [*MODELS][:5])
def test_few_models_are_made(name, monkeypatch):
    made = []

    def counted(*arguments):
        made.append(arguments)
        return new_member(*arguments)

    monkeypatch.setattr(module, "new_member", counted)
    initial_values(MODELS[name](), SEED, range(20))
    assert len(made) == 2


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

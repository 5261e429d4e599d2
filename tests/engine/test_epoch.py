"""An epoch is the same however its noise is drawn."""

import keras
import numpy as np
import pytest

from keras_mtl.architectures import build_hard_sharing
from keras_mtl.engine import training_graph, xla_choice
from keras_mtl.training import TrainingSettings, fit_members


@pytest.fixture(
    params=[
        {"WORTH_XLA": 0},
        # Two steps of 10 rows and 15 units each.
        pytest.param({"BYTES_AT_ONCE": 300}, marks=pytest.mark.slow),
    ],
    ids=["by an XLA program", "a few steps ahead"],
)
def draw_otherwise(request, monkeypatch):
    """Has all noise drawn in another way."""

    def change():
        for name, value in request.param.items():
            monkeypatch.setattr(training_graph, name, value)

    return change


def _fitted(tasks, data, jit_compile):
    keras.utils.set_random_seed(0)
    model = build_hard_sharing(5, tasks, trunk=(8, 7), dropout=0.3)
    model.compile(keras.optimizers.Adam(0.01), jit_compile=jit_compile)
    history = model.fit(*data, batch_size=10, epochs=2, verbose=0).history
    return model.get_weights(), history


@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_fit_ends_alike_however_noise_is_drawn(
    tasks, data, draw_otherwise, jit_compile
):
    weights, history = _fitted(tasks, data, jit_compile)
    draw_otherwise()
    again, history_again = _fitted(tasks, data, jit_compile)
    for one, other in zip(weights, again, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    for name, values in history.items():
        np.testing.assert_allclose(values, history_again[name], rtol=1e-5)


def test_members_end_alike_however_noise_is_drawn(tasks, data, draw_otherwise):
    def fitted():
        keras.utils.set_random_seed(0)
        model = build_hard_sharing(5, tasks, trunk=(8, 7), dropout=0.3)
        settings = TrainingSettings(members=2, epochs=2, batch_size=10)
        return fit_members(model, *data, settings, seed=3)

    whole = fitted()
    draw_otherwise()
    parts = fitted()
    for one, other in zip(
        whole.members[1].get_weights(), parts.members[1].get_weights(), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-6)
    np.testing.assert_allclose(whole.history["loss"], parts.history["loss"], rtol=1e-5)


# XLA rounds otherwise than TensorFlow; the metrics count the same predictions.
def test_a_fit_ends_alike_in_one_xla_program(tasks, data, monkeypatch):
    def fitted():
        keras.utils.set_random_seed(0)
        model = build_hard_sharing(5, tasks, trunk=(8, 7), dropout=0.3)
        model.compile(keras.optimizers.Adam(0.01), jit_compile=True)
        settings = {"batch_size": 12, "epochs": 2, "verbose": 0}
        history = model.fit(*data, validation_data=data, **settings).history
        settings = model._compiled().program().settings
        return model.get_weights(), history, settings.one_xla_program

    weights, history, is_one = fitted()
    assert not is_one
    monkeypatch.setattr(xla_choice, "EPOCHS_OF_ONE_PROGRAM", 2)
    again, history_again, is_one = fitted()
    assert is_one
    for one, other in zip(weights, again, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert any(name.startswith("val_") for name in history)
    for name, values in history.items():
        np.testing.assert_allclose(values, history_again[name], rtol=1e-5)


def test_members_end_alike_in_one_xla_program(tasks, data, monkeypatch):
    count = len(data[0])

    def fitted():
        keras.utils.set_random_seed(0)
        model = build_hard_sharing(5, tasks, trunk=(8, 7), dropout=0.3)
        settings = TrainingSettings(members=2, epochs=3, batch_size=10, patience=1)
        return fit_members(
            model,
            *data,
            settings,
            rows=[np.arange(0, count - 20), np.arange(10, count - 20)],
            validation_rows=[np.arange(count - 20, count)] * 2,
            seed=3,
            jit_compile=True,
        )

    parts = fitted()
    monkeypatch.setattr(xla_choice, "EPOCHS_OF_ONE_PROGRAM", 2)
    one = fitted()
    assert one.epochs.tolist() == parts.epochs.tolist()
    for name, values in parts.history.items():
        np.testing.assert_allclose(values, one.history[name], rtol=1e-5)

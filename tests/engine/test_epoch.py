"""An epoch is the same however its noise is drawn."""

import keras
import numpy as np
import pytest

from keras_mtl.architectures import build_hard_sharing
from keras_mtl.engine import epoch
from keras_mtl.training import TrainingSettings, fit_members


@pytest.fixture(params=[3, 8])
def in_parts(request, monkeypatch):
    """Has the noise of all calls drawn in parts; 10 steps don't fill them."""

    def cut():
        monkeypatch.setattr(epoch, "OVERLAPPED_FROM", 0)
        monkeypatch.setattr(epoch, "PARTS", request.param)

    return cut


def _fitted(tasks, data, jit_compile):
    keras.utils.set_random_seed(0)
    model = build_hard_sharing(5, tasks, trunk=(8, 7), dropout=0.3)
    model.compile(keras.optimizers.Adam(0.01), jit_compile=jit_compile)
    history = model.fit(*data, batch_size=10, epochs=2, verbose=0).history
    return model.get_weights(), history


@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_fit_ends_alike_with_noise_drawn_in_parts(tasks, data, in_parts, jit_compile):
    weights, history = _fitted(tasks, data, jit_compile)
    in_parts()
    again, history_again = _fitted(tasks, data, jit_compile)
    for one, other in zip(weights, again, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    for name, values in history.items():
        np.testing.assert_allclose(values, history_again[name], rtol=1e-5)


def test_members_end_alike_with_noise_drawn_in_parts(tasks, data, in_parts):
    def fitted():
        keras.utils.set_random_seed(0)
        model = build_hard_sharing(5, tasks, trunk=(8, 7), dropout=0.3)
        settings = TrainingSettings(members=2, epochs=2, batch_size=10)
        return fit_members(model, *data, settings, seed=3)

    whole = fitted()
    in_parts()
    parts = fitted()
    for one, other in zip(
        whole.members[1].get_weights(), parts.members[1].get_weights(), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-6)
    np.testing.assert_allclose(whole.history["loss"], parts.history["loss"], rtol=1e-5)

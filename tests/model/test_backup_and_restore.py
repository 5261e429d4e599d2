"""Keras's own callback resumes `fit` to the weights of an unbroken one."""

import keras
import numpy as np
import pytest

EPOCHS, STOP = 5, 3


class Interrupt(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == STOP:
            raise KeyboardInterrupt


def fit(make_model, data, weighting, settings, callbacks):
    model = make_model(**settings)
    model.compile(keras.optimizers.Adam(0.01), weighting=weighting)
    history = model.fit(
        *data,
        batch_size=16,
        epochs=EPOCHS,
        shuffle=False,
        verbose=0,
        callbacks=callbacks,
    )
    return model, history.history


@pytest.mark.parametrize(
    ("weighting", "settings"),
    [
        ("rlw", {"dropout": 0.3, "input_dropout": 0.1}),
        ("dwa", {}),
        pytest.param("sum", {"batch_norm": True}, marks=pytest.mark.slow),
        pytest.param("famo", {}, marks=pytest.mark.slow),
    ],
)
def test_it_ends_with_the_same_weights(make_model, data, tmp_path, weighting, settings):
    def backup():
        return keras.callbacks.BackupAndRestore(tmp_path / "backup")

    whole, told = fit(make_model, data, weighting, settings, [])
    with pytest.raises(KeyboardInterrupt):
        fit(make_model, data, weighting, settings, [backup(), Interrupt()])
    resumed, also = fit(make_model, data, weighting, settings, [backup()])
    assert len(also["loss"]) == EPOCHS - STOP
    np.testing.assert_array_equal(told["loss"][STOP:], also["loss"])
    for one, two in zip(whole.weights, resumed.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), two.numpy())
    for name, state in whole.weighting_state.items():
        np.testing.assert_array_equal(
            state.numpy(), resumed.weighting_state[name].numpy()
        )

"""Training goes on from any epoch as if it had never stopped."""

import numpy as np
import pytest

from keras_mtl.errors import UserError
from keras_mtl.runs.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from keras_mtl.training import TrainingSettings, fit_members
from keras_mtl.weighting import get as get_weighting

HALVES = [np.arange(0, 64), np.arange(16, 76)]
VALIDATION = [np.arange(76, 96), np.arange(80, 96)]
EPOCHS = 6


def through_a_file(progress, folder):
    path = folder / ".run.checkpoint"
    write_checkpoint(path, Checkpoint({}, {}, progress))
    return read_checkpoint(path).progress


def check_resumed(model, data, settings, folder, stops, weighting=None):
    def fit(**how):
        return fit_members(
            model,
            *data,
            settings,
            rows=HALVES,
            validation_rows=VALIDATION,
            seed=3,
            weighting=weighting,
            **how,
        )

    kept = []
    unbroken = fit(on_progress=kept.append)
    assert [each.epoch for each in kept] == list(range(1, len(kept) + 1))
    for stop in stops:
        start = through_a_file(kept[stop], folder)
        resumed = fit(resume_from=start)
        for a, b in zip(unbroken.members, resumed.members, strict=True):
            for one, two in zip(a.weights, b.weights, strict=True):
                np.testing.assert_array_equal(one.numpy(), two.numpy())
        np.testing.assert_array_equal(unbroken.epochs, resumed.epochs)
        for name, values in unbroken.history.items():
            np.testing.assert_array_equal(values, resumed.history[name])
    return unbroken, kept


@pytest.mark.parametrize(
    "settings", [{}, {"dropout": 0.3, "input_dropout": 0.1}, {"batch_norm": True}]
)
def test_it_ends_with_the_same_weights_and_history(
    make_model, data, tmp_path, settings
):
    training = TrainingSettings(
        epochs=EPOCHS, batch_size=16, schedule="cosine", weight_decay=0.1
    )
    model = make_model(**settings)
    check_resumed(model, data, training, tmp_path, stops=(2,))


@pytest.mark.slow
def test_members_that_stopped_stay_stopped(make_model, data, tmp_path):
    training = TrainingSettings(epochs=40, batch_size=8, learning_rate=0.05, patience=2)
    fit, kept = check_resumed(make_model(), data, training, tmp_path, stops=(-2, -1))
    assert len(kept) < 40
    # One of them had stopped at the first of these epochs, both at the second.
    assert np.isnan(fit.history["val_loss"]).sum() >= 2


@pytest.mark.slow
@pytest.mark.parametrize("weighting", ["dwa", "famo", "rlw", "gradnorm", "modo"])
def test_a_weightings_state_and_its_chance_go_on(make_model, data, tmp_path, weighting):
    assert get_weighting(weighting).initial_state(3, 4, ["regression"] * 3)
    training = TrainingSettings(epochs=EPOCHS, batch_size=16)
    check_resumed(make_model(), data, training, tmp_path, (2,), weighting)


def test_the_state_of_another_network_is_refused(make_model, data, tmp_path):
    kept = []
    training = TrainingSettings(epochs=1)
    fit_members(make_model(), *data, training, on_progress=kept.append)
    with pytest.raises(UserError, match="another one"):
        fit_members(make_model(batch_norm=True), *data, training, resume_from=kept[0])

"""When a member stops is for the tasks that are predicted to say."""

import numpy as np

import keras_mtl as km


def fit(auxiliary):
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(120, 6)).astype("float32")
    labels = {
        # Noise is soon learned by heart, and the other label is not for long.
        "main": (inputs[:, 0] + 2 * generator.normal(size=120) > 0).astype("float32"),
        "help": 5 * np.tanh(inputs[:, 1] * inputs[:, 2]).astype("float32"),
    }
    tasks = [km.BinaryTask("main"), km.RegressionTask("help", auxiliary=auxiliary)]
    rows = [np.arange(80), np.arange(20, 100)]
    held = [np.arange(80, 120), np.r_[0:20, 100:120]]
    settings = km.TrainingSettings(
        epochs=60, batch_size=20, learning_rate=0.02, patience=10
    )
    return km.fit_members(
        km.build_hard_sharing(6, tasks, trunk=(24,)),
        inputs,
        labels,
        settings,
        rows=rows,
        validation_rows=held,
        jit_compile=False,
    )


def best(history, name):
    return [int(epoch) + 1 for epoch in np.nanargmin(history[name], axis=0)]


def test_the_best_epoch_is_that_of_the_predicted_tasks():
    found = fit(auxiliary=True)
    assert found.epochs.tolist() == best(found.history, "val_main_loss")
    assert found.epochs.tolist() != best(found.history, "val_loss")


def test_without_auxiliary_tasks_it_is_that_of_the_joint_loss():
    found = fit(auxiliary=False)
    assert found.epochs.tolist() == best(found.history, "val_loss")

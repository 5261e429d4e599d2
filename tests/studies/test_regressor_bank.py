"""A bank trains each of its regressors as that would train alone."""

import keras
import numpy as np
import pytest

from studies import RegressorBank, summed_squared_error
from studies.activation_names import COMPARED, KNOWN
from studies.shuffled_columns import ShuffledColumns

X = np.linspace(-2, 2, 64)
Y = np.sin(3 * X)


def test_all_known_activations_are_keras_own_and_give_the_banks_answers():
    bank = RegressorBank(KNOWN, seeds=[3], widths=(4, 5))
    answers = bank.answers(X)
    assert answers.shape == (len(KNOWN), 1, 64)
    for index, name in enumerate(KNOWN):
        alone = np.asarray(bank.regressor(name, 3)(X[:, None]))[:, 0]
        assert answers[index, 0] == pytest.approx(alone, rel=1e-4, abs=1e-4)
    others = {"deserialize", "get", "serialize", "hard_swish", "swish", "linear"}
    # Not elementwise, or not without an argument.
    others |= {"glu", "log_softmax", "softmax", "sparsemax", "threshold"}
    keras_names = {name for name in dir(keras.activations) if name[0].islower()}
    assert set(KNOWN) - {"none"} == keras_names - others
    assert set(COMPARED) <= set(KNOWN)


def test_regressors_of_one_seed_start_alike_and_of_two_do_not():
    bank = RegressorBank(["relu", "none"], seeds=[0, 1], widths=(4,))
    relu, none = (bank.regressor(name, 1).get_weights() for name in ("relu", "none"))
    assert all(np.array_equal(a, b) for a, b in zip(relu, none, strict=True))
    other = bank.regressor("relu", 0).get_weights()
    assert not np.array_equal(relu[0], other[0])


def test_trains_each_as_it_would_train_alone():
    bank = RegressorBank(["relu", "tanh"], seeds=[0, 1], widths=(4, 4))
    alone = bank.regressor("tanh", 1)
    # Without XLA, which takes longer to compile than so few batches to run.
    plain = {"jit_compile": False}
    bank.model.compile(keras.optimizers.Adam(0.01), summed_squared_error, **plain)
    alone.compile(keras.optimizers.Adam(0.01), "mse", **plain)
    batches = ShuffledColumns(X, Y, 16, seeds=[0, 1], repeats=2)
    for index in range(len(batches)):
        x, y = batches[index]
        bank.model.train_on_batch(x, y)
        alone.train_on_batch(x[:, 1:], y[:, 1:2])
    expected = bank.answers(X)[1, 1]
    assert np.asarray(alone(X[:, None]))[:, 0] == pytest.approx(expected, abs=1e-4)


def test_each_column_has_each_row_at_most_once_an_epoch():
    batches = ShuffledColumns(X, Y, 10, seeds=[0, 1])
    assert len(batches) == 6
    for _ in range(2):
        x = np.concatenate([batches[index][0] for index in range(6)])
        y = np.concatenate([batches[index][1] for index in range(6)])
        for column in range(2):
            assert len(np.unique(x[:, column])) == 60
        assert not np.array_equal(x[:, 0], x[:, 1])
        assert y == pytest.approx(np.sin(3 * x), abs=1e-6)
        batches.on_epoch_end()

import keras
import numpy as np
import pytest

from keras_mtl.analysis import GradientConflict, gradient_cosines
from keras_mtl.architectures import build_hard_sharing
from keras_mtl.tasks import BinaryTask
from keras_mtl.training import TrainingSettings, fit_members

NAMES = ["one", "two", "three"]


@pytest.fixture
def rows():
    x = np.random.default_rng(0).normal(size=(40, 2)).astype("float32")
    return x, {
        name: (x[:, i % 2] > 0).astype("float32") for i, name in enumerate(NAMES)
    }


def make_model():
    keras.utils.set_random_seed(0)
    return build_hard_sharing(2, [BinaryTask(name) for name in NAMES], trunk=(4,))


def test_members_are_averaged_for_each_epoch_and_pair(rows):
    settings = TrainingSettings(members=3, epochs=2)
    fit = fit_members(make_model(), *rows, settings, watch_conflict=True)
    found = gradient_cosines(fit.history, NAMES)
    assert [*found.columns] == ["epoch", "task", "other", "cosine", "std"]
    assert len(found) == 2 * 3
    row = found.set_index(["epoch", "task", "other"]).loc[(2, "one", "three")]
    values = fit.history["one_three_cosine"][1]
    assert row["cosine"] == pytest.approx(values.mean())
    assert row["std"] == pytest.approx(values.std(ddof=1))


def test_the_history_of_keras_serves_too(rows):
    model = make_model()
    model.compile("adam")
    history = model.fit(*rows, epochs=2, verbose=0, callbacks=[GradientConflict()])
    found = gradient_cosines(history.history, NAMES)
    np.testing.assert_allclose(
        found[found["other"] == "two"]["cosine"], history.history["one_two_cosine"]
    )
    with pytest.raises(ValueError, match="watch_conflict"):
        gradient_cosines({"loss": [1.0]}, NAMES)

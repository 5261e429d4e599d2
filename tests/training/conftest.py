import keras
import numpy as np
import pytest

from keras_mtl.architectures import build_hard_sharing
from keras_mtl.tasks import BinaryTask, MulticlassTask, RegressionTask

ROWS, WIDTH = 96, 5


@pytest.fixture
def tasks():
    return [
        MulticlassTask("kind", classes=("a", "b", "c"), widths=(6,)),
        BinaryTask("sick", widths=(4,)),
        RegressionTask("age"),
    ]


@pytest.fixture
def data():
    """Inputs, and labels of which half of one task's are missing."""
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(ROWS, WIDTH)).astype("float32")
    kind = (inputs[:, 0] > 0).astype("float32") + (inputs[:, 1] > 0)
    kind[::2] = np.nan
    return inputs, {
        "kind": kind,
        "sick": (inputs[:, 2] > 0).astype("float32"),
        "age": inputs[:, 3],
    }


@pytest.fixture
def make_model(tasks):
    def make(seed=0, **settings):
        keras.utils.set_random_seed(seed)
        return build_hard_sharing(WIDTH, tasks, trunk=(8, 7), **settings)

    return make

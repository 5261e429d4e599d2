"""Keras knows the package's classes, whichever is imported first."""

import pytest

SAVE = """
import keras
from keras_mtl import BinaryTask, build_hard_sharing
build_hard_sharing(3, [BinaryTask("heart")]).save("m.keras")
"""
LOAD = """
model = keras.saving.load_model("m.keras")
assert type(model).__name__ == "MultiTaskModel"
assert model.tasks[0].name == "heart"
"""


@pytest.mark.slow
def test_a_model_is_loaded_by_keras_alone(tmp_path, run_python):
    done = run_python("-c", SAVE, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for imports in ("import keras_mtl, keras", "import keras, keras_mtl"):
        done = run_python("-c", imports + LOAD, cwd=tmp_path)
        assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "layers import HeadStack",
        "losses import MaskedSquaredError",
        "metrics import MaskedAUC",
        "metrics import MaskedMeanMetric",
        "model import MultiTaskModel",
        "training import fit_members",
        "architectures import build_hard_sharing",
        "analysis import GradientConflict",
    ],
)
def test_a_public_name_can_be_the_first_import(name, run_python):
    done = run_python("-c", f"from keras_mtl.{name}")
    assert done.returncode == 0, done.stderr

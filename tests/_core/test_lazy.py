"""The package's names are all there, and none costs an import of Keras."""

import importlib

import pytest

import keras_mtl


@pytest.mark.parametrize("package", ["keras_mtl", "keras_mtl.features"])
def test_every_public_name_is_found(package):
    module = importlib.import_module(package)
    assert module.__all__
    for name in module.__all__:
        assert getattr(module, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nonsense"):
        keras_mtl.nonsense  # noqa: B018


def test_settings_tasks_and_features_need_neither_keras_nor_tensorflow(run_python):
    done = run_python(
        "-c",
        "import keras_mtl, keras_mtl.tasks, keras_mtl.configuration as c; "
        "from keras_mtl.features import NumericFeature; "
        "keras_mtl.BinaryTask('heart'); NumericFeature('age'); c.build_config({})",
        shadowed=True,
    )
    assert (done.returncode, done.stderr) == (0, "")

"""The package's names are all there, and none costs an import of Keras."""

import ast
import importlib
from pathlib import Path

import pytest

import keras_mtl


@pytest.mark.parametrize("package", ["keras_mtl", "keras_mtl.features"])
def test_every_public_name_is_found(package):
    module = importlib.import_module(package)
    assert module.__all__
    for name in module.__all__:
        assert getattr(module, name) is not None


LAZY = [
    path
    for path in sorted(Path(keras_mtl.__file__).parent.rglob("__init__.py"))
    if "lazy_names(" in path.read_text("utf-8")
]


@pytest.mark.parametrize("path", LAZY, ids=lambda path: path.parent.name)
def test_type_checkers_see_the_lazy_names(path):
    body = ast.parse(path.read_text("utf-8")).body
    (checked,) = [node for node in body if isinstance(node, ast.If)]
    assert ast.unparse(checked.test) == "TYPE_CHECKING"
    seen = {
        node.module: tuple(sorted(alias.asname for alias in node.names))
        for node in checked.body
    }
    (call,) = [
        node.value
        for node in checked.orelse
        if isinstance(node, ast.Assign) and "lazy_names(" in ast.unparse(node.value)
    ]
    homes = ast.literal_eval(call.args[1])
    assert seen == {home: tuple(sorted(names)) for home, names in homes.items()}


@pytest.mark.parametrize("package", ["keras_mtl", "keras_mtl.metrics"])
def test_completion_and_help_list_the_names_without_loading_them(run_python, package):
    done = run_python(
        "-c",
        f"import {package} as p, sys; print(set(p.__all__) <= set(dir(p)))",
        shadowed=True,
    )
    assert (done.stdout.strip(), done.stderr) == ("True", "")


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

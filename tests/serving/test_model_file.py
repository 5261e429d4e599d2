"""A model file is read, never run."""

import ast
import json
import os
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_mtl as km
from keras_mtl.serving.model_file import check_model_file, load_model

PACKAGE = Path(km.__file__).parent
# What runs code that a file holds.
RUNNING = {"eval", "exec", "pickle", "cPickle", "dill", "marshal", "shelve", "joblib"}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    features = [km.NumericFeature("age", missing_share=0.0)]
    model = km.build_hard_sharing(features, [km.BinaryTask("heart")], trunk=(2,))
    path = tmp_path_factory.mktemp("model") / "model.keras"
    model.save(path)
    return path


def rewrite(saved, path, change=None, extra=None):
    """Copies a model file with its config changed or members added."""
    with (
        zipfile.ZipFile(saved) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            content = source.read(name)
            if name == "config.json" and change:
                config = json.loads(content)
                change(config)
                content = json.dumps(config).encode()
            target.writestr(name, content)
        for name, content in (extra or {}).items():
            target.writestr(name, content)
    return path


def test_a_saved_model_loads_and_answers_the_same(saved):
    x = {"age": np.array([1.0, np.nan], "float32")}
    expected = keras.saving.load_model(saved)(x)["heart"]
    np.testing.assert_array_equal(load_model(saved)(x)["heart"], expected)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(tmp_path, value):
    features = [km.NumericFeature("age", missing_share=0.0)]
    model = km.build_hard_sharing(features, [km.BinaryTask("heart")], trunk=(2,))
    model.get_layer("hard_sharing_core").get_layer("heart").bias.assign([value])
    model.save(tmp_path / "model.keras")
    with pytest.raises(km.UserError, match=r"NaN or infinity in .*heart/bias\."):
        load_model(tmp_path / "model.keras")


def test_no_source_of_the_package_runs_what_it_reads():
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = set()
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                names = {node.func.id}
            elif isinstance(node, ast.Import):
                names = {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names = {(node.module or "").partition(".")[0]}
            elif isinstance(node, ast.keyword) and node.arg in {
                "allow_pickle",
                "safe_mode",
            }:
                value = getattr(node.value, "value", None)
                assert value is (node.arg == "safe_mode"), f"{path}:{node.value.lineno}"
            assert not names & RUNNING, f"{path}:{node.lineno}: {names}"


def test_a_lambda_is_refused(saved, tmp_path):
    ran = tmp_path / "ran"

    def add_lambda(config):
        layers = config["config"]["layers"]
        layer = keras.layers.Lambda(lambda x: x)
        layers[-1] |= {
            **keras.saving.serialize_keras_object(layer),
            "registered_name": None,
        }

    path = rewrite(saved, tmp_path / "model.keras", add_lambda)
    with pytest.raises(km.UserError, match="safe mode"):
        load_model(path)
    assert not ran.exists()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("builtins", "eval"),
        ("subprocess", "Popen"),
        ("shutil", "rmtree"),
    ],
)
def test_a_function_of_another_module_is_refused(saved, tmp_path, module, name):
    def call(config):
        config["config"]["layers"][-1] |= {
            "module": module,
            "class_name": name,
            "registered_name": None,
            "config": {"args": [f"touch {tmp_path}/ran"]},
        }

    path = rewrite(saved, tmp_path / "model.keras", call)
    with pytest.raises(km.UserError, match="safe mode"):
        load_model(path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "name",
    [
        "../outside.txt",
        "/tmp/keras_mtl_outside.txt",
        "assets/../../outside.txt",
        "a.py",
    ],
)
def test_a_member_outside_is_refused(saved, tmp_path, name):
    path = rewrite(saved, tmp_path / "model.keras", extra={name: b"x"})
    with pytest.raises(km.UserError, match="members that Keras writes"):
        load_model(path)
    assert not (tmp_path.parent / "outside.txt").exists()


def test_a_bomb_is_refused_before_it_is_unpacked(saved, tmp_path):
    zeros = {"assets/zeros": bytes(80 * 2**20)}
    path = rewrite(saved, tmp_path / "model.keras", extra=zeros)
    assert path.stat().st_size < 2**20
    with pytest.raises(km.UserError, match="unpacks"):
        check_model_file(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04 truncated", b"\x80\x04\x95pickle", os.urandom(1000)],
    ids=["empty", "truncated", "pickle", "random"],
)
def test_what_is_no_archive_is_refused(tmp_path, content):
    path = tmp_path / "model.keras"
    path.write_bytes(content)
    with pytest.raises(km.UserError, match=r"model\.keras: expected a model"):
        load_model(path)


def test_a_damaged_archive_is_refused(saved, tmp_path):
    content = bytearray(saved.read_bytes())
    content[100:140] = bytes(40)
    path = tmp_path / "model.keras"
    path.write_bytes(content)
    with pytest.raises(km.UserError):
        load_model(path)


def test_nested_brackets_are_refused(tmp_path):
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "[" * 100_000)
    with pytest.raises(km.UserError, match="can't be read"):
        load_model(path)


def test_another_model_is_refused(tmp_path):
    path = tmp_path / "model.keras"
    keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]).save(path)
    with pytest.raises(km.UserError, match="keras_mtl saved"):
        load_model(path)
    core = km.build_hard_sharing(1, [km.BinaryTask("heart")], trunk=(2,))
    core.save(path)
    with pytest.raises(km.UserError, match="raw features"):
        load_model(path)


def test_no_file_is_refused(tmp_path):
    with pytest.raises(km.UserError, match="not found"):
        load_model(tmp_path / "model.keras")
    with pytest.raises(km.UserError, match="not found"):
        load_model(tmp_path)

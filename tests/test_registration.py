"""Keras knows the classes of the package in any order of imports."""

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import SimpleNamespace

import keras
import pytest

import keras_mtl as km
from keras_mtl.registration import COMPONENTS, LateClass, _register
from keras_mtl.weighting.registry import WEIGHTINGS

PACKAGE = Path(km.__file__).parent
ROOT = PACKAGE.parent

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


@pytest.fixture
def stand_ins(monkeypatch):
    """The names as Keras knows them before any module is imported."""
    names = {}
    saving = SimpleNamespace(get_custom_objects=lambda: names)
    # The registry forgets what it has imported.
    builtin = {name: WEIGHTINGS.find(name) for name in WEIGHTINGS.builtin}
    entries = {
        name: SimpleNamespace(target=target)
        for name, entry in builtin.items()
        for target in [
            entry.target
            if isinstance(entry.target, str)
            else f"{entry.module}:{entry.target.__name__}"
        ]
    }
    with monkeypatch.context() as patch:
        patch.setattr(WEIGHTINGS, "_entries", entries)
        _register(SimpleNamespace(saving=saving))
    return names


def test_every_registered_class_has_a_stand_in(stand_ins):
    for late in stand_ins.values():
        assert isinstance(late, LateClass)
        late._load()
    registered = {
        name: found
        for name, found in keras.saving.get_custom_objects().items()
        if name.startswith("keras_mtl>")
    }
    assert set(registered) == set(stand_ins)
    assert {name: late._load() for name, late in stand_ins.items()} == registered


def test_no_module_that_registers_a_class_is_forgotten():
    registering = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in PACKAGE.rglob("*.py")
        if 'register_keras_serializable(package="keras_mtl")' in path.read_text("utf-8")
    }
    weightings = {WEIGHTINGS.find(name).module for name in WEIGHTINGS.builtin}
    assert registering == {*COMPONENTS, *weightings}


def test_keras_loads_a_model_through_the_stand_ins(stand_ins, tmp_path, monkeypatch):
    tasks = [km.BinaryTask("heart"), km.RegressionTask("age")]
    model = km.build_hard_sharing(3, tasks, dropout=0.1)
    model.compile("sgd", weighting="cagrad")
    model.save(tmp_path / "m.keras")
    for name, late in stand_ins.items():
        monkeypatch.setitem(keras.saving.get_custom_objects(), name, late)
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    assert type(loaded) is km.MultiTaskModel
    assert type(loaded.weighting) is type(model.weighting)
    assert [type(layer) for layer in loaded.layers] == [
        type(layer) for layer in model.layers
    ]


def test_a_class_that_is_imported_already_is_not_replaced():
    names = {"keras_mtl>HeadStack": int}
    _register(SimpleNamespace(saving=SimpleNamespace(get_custom_objects=lambda: names)))
    assert names["keras_mtl>HeadStack"] is int


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
    ["metrics.masked_auc", "blocks.class_weights", "architectures.hard_sharing"],
)
def test_a_module_with_keras_can_be_the_first_import(name, run_python):
    done = run_python("-c", f"import keras_mtl.{name}")
    assert done.returncode == 0, done.stderr


# An import outside of functions and of `if TYPE_CHECKING`; and one within the latter.
AT_IMPORT = re.compile(r"^from ([\w.]+) import (\([^)]*\)|.*)$", re.MULTILINE)
LATE = re.compile(r"^    from ([\w.]+) import (\([^)]*\)|.*)$", re.MULTILINE)


def test_any_module_can_be_the_first_import():
    # Modules that import each other in a circle work from one end only. Keras is in
    # no circle: when it is loaded, nothing of the package is imported.
    texts = {
        _module_name(path): path.read_text("utf-8")
        for top in ("keras_mtl", "studies", "tuning")
        for path in (ROOT / top).rglob("*.py")
    }
    graph = {name: set(_imported(name, texts)) for name in texts}
    assert "keras_mtl.metrics.stacked_metrics" in graph["keras_mtl.blocks.task_blocks"]
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def _module_name(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


def _imported(importer: str, texts: dict[str, str]) -> Iterator[str]:
    """Yield the modules of the project that run while this one is imported."""
    for module, names in AT_IMPORT.findall(texts[importer]):
        if module not in texts:
            continue
        yield module
        late = LATE.findall(texts[module])
        for name in re.findall(r"(\w+)(?: as \w+)?", names):
            if f"{module}.{name}" in texts:
                yield f"{module}.{name}"
            # A package that loads its names late.
            yield from (
                home
                for home, public in late
                if home in texts and re.search(rf"\b{name}\b", public)
            )

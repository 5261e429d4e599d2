"""Names are looked up lazily, added from outside, and never mean two things."""

import sys

import pytest

import keras_mtl as km
from keras_mtl._core.registry import Registry
from keras_mtl.architectures.registry import ARCHITECTURES
from keras_mtl.errors import UnknownNameError, UserError
from keras_mtl.features.kinds import FEATURE_KINDS
from keras_mtl.tasks.kinds import TASK_KINDS, deserialize_task
from keras_mtl.weighting.registry import WEIGHTINGS

REGISTRIES = {
    "task kind": TASK_KINDS,
    "feature kind": FEATURE_KINDS,
    "weighting": WEIGHTINGS,
    "architecture": ARCHITECTURES,
}


@pytest.fixture
def shapes(tmp_path, monkeypatch):
    """A registry with one built-in thing, in a module of its own."""
    (tmp_path / "shape_module.py").write_text("class Square:\n    corners = 4\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "shape_module", raising=False)
    return Registry("shape", "one of", {"square": "shape_module:Square"})


def test_a_built_in_thing_is_imported_when_it_is_loaded(shapes):
    assert list(shapes) == ["square"]
    assert "square" in shapes
    assert shapes.find("square").module == "shape_module"
    assert "shape_module" not in sys.modules
    assert shapes.load("square").corners == 4
    assert shapes["square"] is sys.modules["shape_module"].Square


def test_what_is_registered_comes_after_the_built_in_ones(shapes):
    shapes.register("circle", int, module="a")
    assert list(shapes) == ["square", "circle"]
    assert shapes.outside() == ("circle",)
    assert shapes.find("circle").module == "a"


def test_the_name_of_a_built_in_thing_stays_its_own(shapes):
    with pytest.raises(UserError, match=r"shape 'square'.*'shape_module' and.*'mine'"):
        shapes.register("square", object(), module="mine")
    assert shapes.load("square").corners == 4


def test_a_name_of_two_plugins_is_refused_to_both(shapes):
    shapes.register("circle", int, module="first")
    with pytest.raises(UserError, match="'first' and from 'second'"):
        shapes.register("circle", float, module="second")
    with pytest.raises(UserError, match=r"'first' and from 'second'\. Rename one"):
        shapes.load("circle")


def test_a_module_that_is_imported_again_replaces_its_own(shapes):
    first = type("Circle", (), {})
    second = type("Circle", (), {})
    shapes.register("circle", first, module="mine")
    shapes.register("circle", second, module="mine")
    assert shapes.load("circle") is second


@pytest.mark.parametrize("name", ["", "Circle", "a:b", "a,b", "a=b", "1a", "a b", 3])
def test_a_name_can_be_written_on_the_command_line(shapes, name):
    with pytest.raises(UserError, match="mine: expected the name of a shape"):
        shapes.register(name, int, module="mine")


def test_what_was_registered_is_forgotten_at_the_end(shapes):
    with shapes.restored():
        shapes.register("circle", int, module="first")
        with pytest.raises(UserError):
            shapes.register("circle", float, module="second")
    assert list(shapes) == ["square"]
    with pytest.raises(UnknownNameError):
        shapes.load("circle")


@pytest.mark.parametrize("sort", REGISTRIES)
def test_an_unknown_name_is_met_with_the_nearest_and_the_way_to_a_plugin(sort):
    registry = REGISTRIES[sort]
    (name, *_) = registry.builtin
    with pytest.raises(UnknownNameError) as error:
        registry.load(name[:-1] + "x")
    message = str(error.value)
    assert message.startswith(f"expected {registry.expected} {name}")
    assert f"Did you mean '{name}'?" in message
    assert "--import MODULE" in message
    assert name[:-1] + "x" not in registry
    with pytest.raises(KeyError):
        registry[name[:-1] + "x"]


@pytest.mark.parametrize("sort", REGISTRIES)
def test_all_built_in_names_lead_to_something(sort):
    registry = REGISTRIES[sort]
    for name in registry.builtin:
        assert callable(registry.load(name))
        settings = registry.settings(name)
        assert settings is None or isinstance(settings, type)


@km.declaration
class Price(km.RegressionTask):
    pass


def test_a_kind_is_registered_under_one_name():
    @km.register_task_kind("rent")
    @km.declaration
    class Rent(km.RegressionTask):
        pass

    cls = Rent
    assert cls.kind == "rent"
    assert deserialize_task({"kind": "rent", "name": "flat"}) == cls("flat")
    with pytest.raises(UserError, match="registered as the task kind 'cost'"):
        km.register_task_kind("cost")(cls)


def test_what_is_no_kind_is_refused_by_its_name():
    class Loose(km.RegressionTask):
        pass

    with pytest.raises(UserError, match=r"Loose: expected a declaration.*declaration"):
        km.register_task_kind("loose")(Loose)
    with pytest.raises(UserError, match="expected a subclass of Feature"):
        km.register_feature_kind("price")(Price)

    @km.declaration
    class Blind(km.Task):
        pass

    with pytest.raises(UserError, match="Blind: expected `metric_directions`"):
        km.register_task_kind("blind")(Blind)
    with pytest.raises(UserError, match=r"expected a subclass of keras_mtl\.weig"):
        km.register_weighting("price")(Price)
    with pytest.raises(UserError, match=r"subclass of keras_mtl\.ArchitectureSettings"):
        km.register_architecture("price", settings=Price)(lambda *_: None)

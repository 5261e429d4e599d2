"""Methods by name, and as what Keras saves."""

import subprocess
import sys

import keras
import pytest

import keras_mtl.weighting
from keras_mtl.weighting import Weighting
from tests.weighting.weighting_cases import make


def test_the_names():
    names = keras_mtl.weighting.names()
    assert len(names) == len(set(names)) == 29
    assert names[0] == "sum"


def test_names_load_neither_keras_nor_tensorflow():
    code = (
        "import sys, keras_mtl.weighting\n"
        "keras_mtl.weighting.names()\n"
        "try: keras_mtl.weighting.get('pcgard')\n"
        "except ValueError: pass\n"
        "sys.exit(bool({'keras', 'tensorflow'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_all_public_names_exist():
    for name in keras_mtl.weighting.__all__:
        assert getattr(keras_mtl.weighting, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'PCGard'"):
        _ = keras_mtl.weighting.PCGard


@pytest.mark.parametrize("name", keras_mtl.weighting.names())
def test_keras_saves_and_loads_every_method(name):
    method = make(name)
    assert isinstance(method, Weighting)
    assert type(method).from_config(method.get_config()).get_config() == (
        method.get_config()
    )
    serialized = keras.saving.serialize_keras_object(method)
    assert serialized["registered_name"] == f"keras_mtl>{type(method).__name__}"
    loaded = keras_mtl.weighting.get(serialized)
    assert type(loaded) is type(method)
    assert loaded.get_config() == method.get_config()
    assert keras_mtl.weighting.get(loaded) is loaded


@pytest.mark.parametrize("name", keras_mtl.weighting.names())
def test_the_config_holds_all_settings(name):
    import inspect

    method = make(name)
    assert set(method.get_config()) == set(inspect.signature(type(method)).parameters)


def test_names_may_be_written_as_python_names():
    assert type(keras_mtl.weighting.get("IMTL_L")) is keras_mtl.weighting.IMTLL


def test_an_unknown_name_is_met_with_the_nearest():
    with pytest.raises(ValueError, match=r"Did you mean 'pcgrad'\?"):
        keras_mtl.weighting.get("pcgard")


def test_unknown_settings_are_told_all_at_once():
    with pytest.raises(ValueError, match=r"Did you mean 'seed'") as error:
        keras_mtl.weighting.get("gradvac", seeed=1, betta=0.5)
    assert "Did you mean 'beta'?" in str(error.value)


def test_settings_are_for_names():
    with pytest.raises(ValueError, match="Settings are for a method"):
        keras_mtl.weighting.get(make("mgda"), scale="paper")
    with pytest.raises(ValueError, match="Expected a name"):
        keras_mtl.weighting.get(3)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("mgda", {"scale": "mean"}),
        ("cagrad", {"c": -0.1}),
        ("fairgrad", {"alpha": 0.0}),
        ("gradvac", {"beta": 1.5}),
        ("graddrop", {"leak": 2.0}),
        ("db-mtl", {"beta": 1.0}),
        ("dwa", {"temperature": 0.0}),
        ("stch", {"mu": 0.0}),
    ],
)
def test_a_setting_out_of_range_is_refused(name, settings):
    (setting,) = settings
    with pytest.raises(ValueError, match=f"argument `{setting}`.*Received: {setting}="):
        keras_mtl.weighting.get(name, **settings)


def test_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match="one weight for each of the 3 tasks"):
        make("constant", weights=[1.0, 2.0])([1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match=r"Expected the shape \(tasks, parameters\)"):
        make("mgda").aggregate([1.0, 2.0])
    with pytest.raises(ValueError, match="remembers a gradient for each task"):
        make("moco").initial_state(3)

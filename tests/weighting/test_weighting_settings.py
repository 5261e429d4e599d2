"""Settings of methods are checked without the methods, and are theirs."""

import inspect
from typing import Annotated

import pytest
from keras import ops
from pydantic import Field

import keras_mtl as km
from keras_mtl.errors import UserError
from keras_mtl.training import TrainingSettings
from keras_mtl.weighting import LossWeighting
from keras_mtl.weighting.registry import WEIGHTINGS, check_weighting, get
from tests.weighting.weighting_cases import make


@pytest.mark.parametrize("name", WEIGHTINGS.builtin)
def test_the_declared_settings_are_those_of_the_constructor(name):
    declared = inspect.signature(WEIGHTINGS.settings(name)).parameters
    taken = inspect.signature(WEIGHTINGS.load(name)).parameters
    assert {key: value.default for key, value in declared.items()} == {
        key: value.default for key, value in taken.items()
    }


@pytest.mark.parametrize("name", WEIGHTINGS.builtin)
def test_the_defaults_lie_in_the_declared_ranges(name):
    values = {key: v for key, v in make(name).get_config().items() if v is not None}
    chosen = check_weighting({"name": name, **values})
    assert get(chosen).get_config() == make(name).get_config()


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("cagrad:c=-1", "c: expected greater than or equal to 0; received '-1'."),
        ("dwa:temperature=0", "temperature: expected greater than 0; received '0'."),
        ("gradvac:beta=1.5", "beta: expected less than or equal to 1"),
        ("db-mtl:beta=1", "beta: expected less than 1; received '1'."),
        ("mgda:scale=mean", "scale: expected 'sum' or 'paper'; received 'mean'."),
        ("sum:c=1", "c: unknown setting. Known here: none."),
        ("sdmgrad:step=3", "step: unknown setting. Did you mean 'steps'?"),
    ],
)
def test_wrong_settings_are_told_with_the_range_or_the_nearest_name(text, part):
    with pytest.raises(UserError) as error:
        check_weighting(text)
    (message,) = error.value.messages
    assert part in message


def test_settings_are_checked_without_keras(run_python):
    code = (
        "from keras_mtl.training.settings import TrainingSettings as T\n"
        "assert T(weighting='stch:mu=0.5,preference=1,2').weighting.settings == "
        "{'mu': 0.5, 'preference': (1.0, 2.0)}\n"
        "try: T(weighting='cagrad:c=-1')\n"
        "except ValueError as error: print(error)"
    )
    done = run_python("-c", code, shadowed=True)
    assert done.returncode == 0, done.stderr
    assert "c: expected greater than or equal to 0" in done.stdout


def test_an_instance_is_made_from_text_and_from_settings():
    assert get("cagrad:c=0.4").c == 0.4
    assert get(TrainingSettings(weighting="cagrad:c=0.4").weighting).c == 0.4


def test_constant_weights_are_the_tasks_own():
    with pytest.raises(ValueError, match="expected one of sum, mean, uncertainty"):
        TrainingSettings(weighting="constant:weights=1,2")


def register_doubled():
    @km.register_weighting("scaled")
    class Scaled(LossWeighting):
        def __init__(self, strength: Annotated[float, Field(gt=0)] = 2.0, odd=1):
            super().__init__()
            if odd % 2 == 0:
                raise ValueError("Expected an odd number.")
            self.strength = strength

        def weigh(self, problem, state):
            return self.strength * ops.ones_like(problem.active), state

        def get_config(self):
            return {"strength": self.strength}

    return Scaled


def test_a_weighting_from_outside_is_checked_by_its_annotations_and_itself():
    scaled = register_doubled()
    chosen = TrainingSettings(weighting="scaled:strength=3").weighting
    method = get(chosen)
    assert isinstance(method, scaled)
    assert method.aggregate([[1.0, 0.0], [0.0, 1.0]]).tolist() == [3.0, 3.0]
    with pytest.raises(ValueError, match="strength: expected greater than 0"):
        TrainingSettings(weighting="scaled:strength=0")
    with pytest.raises(ValueError, match=r"'scaled' refuses.*Expected an odd number"):
        TrainingSettings(weighting={"name": "scaled", "odd": 2})


def test_a_model_with_a_weighting_from_outside_is_saved_and_loaded(tmp_path):
    import keras

    scaled = register_doubled()
    model = km.build_hard_sharing(3, [km.BinaryTask("a")], trunk=(4,))
    model.compile("adam", weighting="scaled:strength=5")
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert isinstance(loaded.weighting, scaled)
    assert loaded.weighting.strength == 5.0

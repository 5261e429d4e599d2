"""Settings of a weighting and an architecture that members have of their own."""

from dataclasses import fields
from typing import get_args, get_type_hints

import numpy as np
import pytest
from keras import ops

from keras_mtl._core.named_settings import NamedSettings
from keras_mtl.architectures.registry import ARCHITECTURES, build_architecture
from keras_mtl.architectures.settings import ArchitectureSettings
from keras_mtl.errors import UserError
from keras_mtl.tasks import BinaryTask, RegressionTask
from keras_mtl.training import MemberSettings, TrainingSettings, fit_members
from keras_mtl.weighting import LossWeighting, get
from keras_mtl.weighting.registry import WEIGHTINGS

TASKS = [
    BinaryTask("a", widths=()),
    RegressionTask("b", mean=0.0, scale=1.0, widths=()),
    BinaryTask("c", widths=(), auxiliary=True),
]
COMMON = ArchitectureSettings(trunk=(4, 4))
# Few steps: some methods make much of the last digit after more.
SETTINGS = TrainingSettings(epochs=1, batch_size=16)
# One that goes by epochs weighs alike in the first two.
EPOCHS = {"dwa": 3}
# One method of each kind, and those that keep something between steps or epochs.
QUICK = ("stch", "cagrad", "graddrop")
LONG = ("dwa", "famo", "fairgrad", "gradvac", "sdmgrad", "gradient-similarity")
# Other arguments without which a number does nothing.
SWITCHES = {
    "dselect-k": {"experts": 3},
    "gradient-similarity": {"form": "cosine"},
}


def fit(
    architecture="hard-sharing",
    weighting="sum",
    members=1,
    weighting_numbers=None,
    architecture_numbers=None,
    epochs=1,
):
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(64, 4)).astype("float32")
    labels = {
        "a": np.where(inputs[:, 3] > 1, np.nan, inputs[:, 0] > 0),
        "b": inputs[:, 1] + inputs[:, 0],
        "c": (inputs[:, 0] - inputs[:, 2] > 0).astype("float32"),
    }
    return fit_members(
        build_architecture(architecture, 4, TASKS, COMMON),
        inputs,
        labels,
        SETTINGS.replace(epochs=epochs),
        [np.arange(64)] * members,
        own=MemberSettings(
            numbers=[0] * members,
            learning_rate=[0.02] * members,
            weighting=weighting_numbers,
            architecture=architecture_numbers,
        ),
        weighting=get(weighting),
        jit_compile=False,
    )


def weights(fitted, member):
    flat = [each.numpy().ravel() for each in fitted.members[member].weights]
    return np.concatenate(flat)


def assert_like(together, member, alone):
    for name, values in alone.history.items():
        np.testing.assert_allclose(
            together.history[name][:, member], values[:, 0], rtol=1e-6, err_msg=name
        )


def is_float(annotation):
    return annotation is float or float in get_args(annotation)[:1]


def numbers_of(name):
    """Values other than the defaults, by setting."""
    cls = WEIGHTINGS.load(name)
    return {each: 0.6 * getattr(cls(), each) + 0.1 for each in cls.plain_numbers}


@pytest.mark.parametrize("name", [n for n in WEIGHTINGS.builtin if n != "constant"])
def test_all_numbers_of_weightings_are_plain(name):
    declared = WEIGHTINGS.settings(name)
    hints = get_type_hints(declared, include_extras=True)
    numbers = {f.name for f in fields(declared) if is_float(hints[f.name])}
    assert numbers == {*WEIGHTINGS.load(name).plain_numbers}


@pytest.mark.parametrize(
    "name",
    [
        *QUICK,
        *(pytest.param(name, marks=pytest.mark.slow) for name in LONG),
    ],
)
def test_members_have_numbers_of_a_weighting_of_their_own(name):
    values = numbers_of(name)
    switches = SWITCHES.get(name, {})
    default = get(name, **switches)
    own = {each: [getattr(default, each), value] for each, value in values.items()}
    epochs = EPOCHS.get(name, 1)
    together = fit(weighting=default, members=2, weighting_numbers=own, epochs=epochs)
    alone = fit(weighting=get(name, **switches, **values), epochs=epochs)
    assert_like(together, 1, alone)
    assert not np.allclose(weights(together, 0), weights(together, 1), rtol=1e-5)


@pytest.mark.parametrize("name", list(ARCHITECTURES.builtin))
def test_members_have_numbers_of_an_architecture_of_their_own(name):
    settings = ARCHITECTURES.settings(name)
    numbers = getattr(settings, "plain_numbers", ())
    if not numbers:
        pytest.skip("it has no numbers")
    switches = SWITCHES.get(name, {})
    common = dict.fromkeys(numbers, 0.5)
    values = dict.fromkeys(numbers, 20.0)
    together = fit(
        NamedSettings(name, {**switches, **common}),
        members=2,
        architecture_numbers={each: [0.5, 20.0] for each in numbers},
    )
    assert_like(together, 1, fit(NamedSettings(name, {**switches, **values})))
    assert not np.allclose(weights(together, 0), weights(together, 1), rtol=1e-5)


class Powered(LossWeighting):
    """A method as a plugin has it."""

    plain_numbers = ("power",)

    def __init__(self, power=1.0):
        super().__init__()
        self.power = power

    def weigh(self, problem, state):
        return ops.power(problem.losses, self.power), state

    def get_config(self):
        return {"power": self.power}


def test_a_method_of_a_plugin_says_which_numbers_are_plain():
    together = fit(
        weighting=Powered(), members=2, weighting_numbers={"power": [0.5, 2.0]}
    )
    for member, power in enumerate((0.5, 2.0)):
        assert_like(together, member, fit(weighting=Powered(power)))


@pytest.mark.parametrize(
    ("own", "part"),
    [
        (
            {"weighting_numbers": {"cc": [1.0, 2.0]}},
            r"`weighting, by setting`. Expected one of c. Received: 'cc'",
        ),
        (
            {"architecture_numbers": {"strength": [1.0, 2.0]}},
            r"`architecture, by setting`. Expected none, as there are none.",
        ),
        (
            {"weighting_numbers": {"c": [1.0, np.nan]}},
            r"`weighting`. Expected numbers that are finite. Received: \[nan\]",
        ),
        (
            {"weighting_numbers": {"c": [1.0, 2.0, 3.0]}},
            r"`weighting`. Expected one value for each of 2 members. Received: 3",
        ),
    ],
)
def test_numbers_that_cannot_be_are_refused(own, part):
    with pytest.raises(UserError, match=part):
        fit(weighting="cagrad", members=2, **own)

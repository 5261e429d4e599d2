"""What programs that are used again promise."""

import numpy as np
import pytest

from keras_mtl.architectures import build_hard_sharing
from keras_mtl.tasks import BinaryTask
from keras_mtl.training import (
    MemberPrograms,
    MemberSettings,
    TrainingSettings,
    fit_members,
)

TASKS = [BinaryTask("a", widths=(4,)), BinaryTask("b")]
SETTINGS = TrainingSettings(epochs=4, patience=2, batch_size=16)
ROWS = [np.arange(40), np.arange(10, 50)]
HELD_OUT = [np.arange(40, 60), np.arange(40, 60)]


def data(seed=0):
    generator = np.random.default_rng(seed)
    inputs = generator.normal(size=(60, 4)).astype("float32")
    labels = {
        "a": np.where(inputs[:, 3] > 1, np.nan, inputs[:, 0] > 0),
        "b": (inputs[:, 1] > 0).astype("float32"),
    }
    return inputs, labels


def fit(
    programs,
    scale=1.0,
    settings=SETTINGS,
    trunk=(6,),
    widths=None,
    rows=ROWS,
    weighting="sum",
    seed=0,
    jit_compile=False,
    data_seed=0,
):
    inputs, labels = data(data_seed)
    own = MemberSettings(
        learning_rate=[1e-2 * scale, 3e-2 * scale],
        weight_decay=[0.0, 0.1 * scale],
        dropout=[0.1 * scale, 0.2],
        loss_weights={"b": [scale, 2.0]},
        widths=widths,
        weighting={"c": [0.2, 0.4 * scale]} if weighting == "cagrad" else None,
    )
    return fit_members(
        build_hard_sharing(4, TASKS, trunk=trunk, dropout=0.5),
        inputs,
        labels,
        settings,
        rows,
        HELD_OUT,
        seed=seed,
        own=own,
        weighting=weighting,
        programs=programs,
        jit_compile=jit_compile,
    )


def assert_equal(one, other):
    for name, values in one.history.items():
        np.testing.assert_array_equal(values, other.history[name], err_msg=name)
    np.testing.assert_array_equal(one.epochs, other.epochs)
    for first, second in zip(one.members, other.members, strict=True):
        for mine, theirs in zip(first.weights, second.weights, strict=True):
            np.testing.assert_array_equal(mine.numpy(), theirs.numpy())


@pytest.mark.parametrize(
    "jit_compile", [False, pytest.param(True, marks=pytest.mark.slow)]
)
def test_a_program_used_again_gives_what_a_new_one_gives(jit_compile):
    programs = MemberPrograms()
    cosine = SETTINGS.replace(schedule="cosine")
    fit(programs, settings=cosine, weighting="cagrad", jit_compile=jit_compile)
    again = {
        "weighting": "cagrad",
        "scale": 1.5,
        "settings": cosine.replace(epochs=6),
        "data_seed": 1,
    }
    second = fit(programs, jit_compile=jit_compile, **again)
    assert (len(programs), programs.used_again) == (1, 1)
    assert_equal(second, fit(None, jit_compile=jit_compile, **again))


def test_a_later_fit_leaves_an_earlier_one_as_it_is():
    programs = MemberPrograms()
    first = fit(programs)
    fit(programs, scale=2.0)
    assert programs.used_again == 1
    assert_equal(first, fit(None))


def test_widths_are_numbers():
    programs = MemberPrograms()
    for widths in ([2, 6], [6, 3]):
        second = fit(programs, widths={"trunk_1": widths})
    assert programs.used_again == 1
    assert_equal(second, fit(None, widths={"trunk_1": [6, 3]}))


@pytest.mark.parametrize(
    "other",
    [
        {"trunk": (7,)},
        {"rows": [np.arange(30)] * 2},
        {"weighting": "rlw"},
        {"seed": 1},
        {"settings": SETTINGS.replace(patience=3)},
        {"settings": SETTINGS.replace(schedule="cosine")},
        {"settings": SETTINGS.replace(batch_size=8)},
        {"settings": SETTINGS.replace(watch_conflict=True)},
    ],
)
def test_what_a_program_has_in_it_makes_another(other):
    programs = MemberPrograms()
    fit(programs, settings=SETTINGS.replace(epochs=1))
    other = {"settings": SETTINGS, **other}
    other["settings"] = other["settings"].replace(epochs=1)
    fit(programs, **other)
    assert (len(programs), programs.used_again) == (2, 0)


def test_the_programs_used_last_are_kept():
    programs = MemberPrograms(most=2)
    one = SETTINGS.replace(epochs=1)
    for width in (2, 3, 2, 4, 2):
        fit(programs, settings=one, trunk=(width,))
    assert (len(programs), programs.used_again) == (2, 2)
    fit(programs, settings=one, trunk=(3,))
    assert programs.used_again == 2


def test_a_program_that_is_too_large_is_not_kept():
    programs = MemberPrograms(most_bytes=1000)
    fit(programs, settings=SETTINGS.replace(epochs=1))
    assert len(programs) == 0

"""Members train in groups as they train in one program."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_mtl.engine.member_groups import group_slices
from keras_mtl.engine.xla_choice import LEAST_IN_A_GROUP, groups_that_pay
from keras_mtl.training import MemberSettings, TrainingSettings, fit_members

# Members have unequal rows, and some stop before others.
ROWS = [np.arange(0, 40), np.arange(9, 70), np.arange(0, 61), np.arange(5, 76)]
VALIDATION = [np.arange(76, 96)] * 4
RATES = [0.1, 0.003, 0.05, 0.01]
SETTINGS = TrainingSettings(epochs=12, batch_size=8, patience=3)


def train(model, data, groups, **settings):
    return fit_members(
        model,
        *data,
        SETTINGS,
        rows=ROWS,
        validation_rows=VALIDATION,
        seed=3,
        own=MemberSettings(learning_rate=RATES),
        groups=groups,
        **settings,
    )


@pytest.mark.parametrize(
    "jit_compile", [False, pytest.param(True, marks=pytest.mark.slow)]
)
def test_groups_give_what_one_program_gives(make_model, data, jit_compile):
    model = make_model(dropout=0.2, batch_norm=True)
    one = train(model, data, 1, jit_compile=jit_compile)
    three = train(model, data, 3, jit_compile=jit_compile)
    assert len(set(one.epochs)) > 1
    np.testing.assert_array_equal(one.epochs, three.epochs)
    assert list(one.history) == list(three.history)
    for name, values in one.history.items():
        np.testing.assert_allclose(values, three.history[name], rtol=1e-3, atol=1e-5)
    for ours, theirs in zip(one.members, three.members, strict=True):
        for a, b in zip(ours.weights, theirs.weights, strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-4)


def test_a_fit_goes_on_with_another_number_of_groups(make_model, data):
    model, kept = make_model(), []
    unbroken = train(model, data, 2, on_progress=kept.append)
    resumed = train(model, data, 3, resume_from=kept[1])
    np.testing.assert_array_equal(unbroken.epochs, resumed.epochs)
    np.testing.assert_allclose(
        unbroken.history["val_loss"], resumed.history["val_loss"], rtol=1e-4
    )


@given(st.integers(1, 300), st.integers(1, 20))
def test_groups_hold_each_member_once_and_are_nearly_equal(members, groups):
    sizes = [len(range(members)[part]) for part in group_slices(members, groups)]
    joined = [i for part in group_slices(members, groups) for i in range(members)[part]]
    assert joined == list(range(members))
    assert max(sizes) - min(sizes) <= 1


@given(st.integers(0, 10**6), st.integers(1, 2000), st.integers(1, 64))
def test_there_are_groups_only_where_they_save_time(steps, members, cores):
    groups = groups_that_pay(steps, members, cores)
    assert 1 <= groups <= max(1, min(cores, members // LEAST_IN_A_GROUP))
    assert groups <= groups_that_pay(steps * 2, members, cores)
    assert groups_that_pay(10, members, cores) == 1 or members > 500

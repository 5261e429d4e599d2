"""Each member validates on rows of its own, and together they train on all."""

import numpy as np
import pytest

from keras_mtl.runs.split import member_rows
from keras_mtl.training.settings import TrainingSettings

ROWS = np.arange(10, 110)
LABELS = {"a": np.tile([0.0, 1.0], 60), "b": np.tile([0.0, 1.0, np.nan], 40)}
GROUPS = np.arange(120) // 2


def split(rows=ROWS, groups=GROUPS, **settings):
    return member_rows(rows, LABELS, groups, TrainingSettings(**settings), seed=3)


def test_without_validation_all_train_on_all_rows():
    rows = split(members=3)
    assert rows.validation is None
    assert all(np.array_equal(member, ROWS) for member in rows.train)


@pytest.mark.parametrize("members", [1, 4, 5, 11])
def test_members_take_turns_in_leaving_a_fold_out(members):
    rows = split(members=members, validation_fraction=0.2)
    assert len(rows.train) == len(rows.validation) == members
    for train, validation in zip(rows.train, rows.validation, strict=True):
        assert sorted([*train, *validation]) == ROWS.tolist()
        assert len(validation) == pytest.approx(20, abs=3)
        assert not set(GROUPS[train]) & set(GROUPS[validation])
        assert set(LABELS["a"][validation]) == {0, 1}
    if members >= 5:
        assert set(np.concatenate(rows.validation[:5])) == set(ROWS)
    if members > 5:
        assert set(rows.validation[0]) != set(rows.validation[5])


def test_the_seed_alone_says_which_rows():
    first = split(members=2, validation_fraction=0.2)
    again = split(members=2, validation_fraction=0.2)
    for one, other in zip(first.validation, again.validation, strict=True):
        np.testing.assert_array_equal(one, other)


def test_few_groups_make_few_folds():
    rows = split(groups=np.arange(120) % 3, members=3, validation_fraction=0.1)
    for train, validation in zip(rows.train, rows.validation, strict=True):
        assert len(train)
        assert len(validation)
        assert not set(train % 3) & set(validation % 3)

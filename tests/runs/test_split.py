"""Each member validates on rows of its own, and together they train on all."""

import numpy as np
import pandas as pd
import pytest

from keras_mtl.configuration.fit_config import DataSettings, FitConfig
from keras_mtl.errors import DataWarning
from keras_mtl.runs.split import member_rows, split_frame
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


PERSONS = np.arange(400) // 5


def panel(features=5, levels=6):
    """Five rows for each of 80 persons, whose answers stay the same."""
    generator = np.random.default_rng(0)
    answers = generator.integers(0, levels, (80, features)).repeat(5, axis=0)
    frame = pd.DataFrame(answers, columns=[f"x{i}" for i in range(features)])
    return frame.assign(age=generator.normal(size=400))


def split_rows_of(frame, **data):
    config = FitConfig(data=DataSettings(**data))
    labels = {"y": np.arange(len(frame)) % 2 * 1.0}
    columns = [name for name in frame if name != "person"]
    return split_frame(frame, labels, columns, config, "rows.csv")


def test_runs_that_look_like_one_person_stay_together():
    with pytest.warns(DataWarning, match="80 runs.*--group COLUMN.*--no-detect-groups"):
        found = split_rows_of(panel())
    assert not set(PERSONS[found.train_rows]) & set(PERSONS[found.test_rows])
    members = member_rows(
        found.train_rows,
        {"y": np.arange(400) % 2 * 1.0},
        found.groups,
        TrainingSettings(members=2, validation_fraction=0.2),
        seed=0,
    )
    for train, validation in zip(members.train, members.validation, strict=True):
        assert not set(PERSONS[train]) & set(PERSONS[validation])


@pytest.mark.filterwarnings("error")
def test_rows_are_split_one_by_one_where_that_is_asked_for():
    found = split_rows_of(panel(), detect_groups=False)
    assert set(PERSONS[found.train_rows]) & set(PERSONS[found.test_rows])


@pytest.mark.filterwarnings("error")
def test_a_given_group_counts_in_place_of_what_is_found():
    halves = np.arange(400) // 200
    found = split_rows_of(panel().assign(person=halves), group="person")
    np.testing.assert_array_equal(found.groups, halves)


@pytest.mark.filterwarnings("ignore:rows.csv. rows look like")
def test_a_copy_of_a_person_elsewhere_is_of_the_same_group():
    frame = panel()
    twice = pd.concat([frame, frame], ignore_index=True)
    groups = split_rows_of(twice).groups
    np.testing.assert_array_equal(groups[:400], groups[400:])


@pytest.mark.filterwarnings("ignore:rows.csv. rows look like")
def test_persons_that_are_alike_by_chance_do_not_make_one_large_group():
    frame = panel(levels=2).assign(age=np.tile([1.0, 1, 1, 1, 2], 80))
    groups = split_rows_of(frame).groups
    assert np.bincount(groups).max() < 40
    assert len(np.unique(groups)) > 60

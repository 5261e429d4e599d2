"""What a split promises holds for any data."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from keras_mtl.datasets import HEART_DISEASE_FEATURES, load_heart_disease
from keras_mtl.errors import UserError
from keras_mtl.splits import fold_rows, label_strata, row_groups, split_rows
from keras_mtl.splits.label_strata import label_codes

PROPERTY = settings(max_examples=120)


@st.composite
def problems(draw):
    """Labels of several tasks, and groups of very different sizes."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = draw(st.sampled_from([4, 7, 15, 40, 150, 600]))
    labels = {}
    for task in range(draw(st.integers(1, 4))):
        share = generator.dirichlet(np.full(draw(st.integers(2, 5)), 0.7))
        label = generator.choice(len(share), rows, p=share).astype(float)
        label[generator.random(rows) < draw(st.sampled_from([0, 0.3, 0.9]))] = np.nan
        labels[f"t{task}"] = label
    kind = draw(st.sampled_from(["rows", "pairs", "patients", "sites", "uneven"]))
    groups = {
        "rows": np.arange(rows),
        "pairs": generator.integers(0, rows * 3 // 4, rows),
        "patients": generator.integers(0, max(2, rows // 4), rows),
        "sites": generator.integers(0, 4, rows),
        "uneven": np.minimum(generator.zipf(1.4, rows), 50),
    }[kind]
    groups[:2] = [0, 1]
    return labels, groups, generator


def group_sides(groups, side):
    return pd.Series(side).groupby(groups).nunique()


def class_groups(labels, groups):
    """For each class of each task: the groups that have it."""
    return [
        (code == number, np.unique(groups[code == number]))
        for code in label_codes(labels)
        for number in range(code.max() + 1)
    ]


@PROPERTY
@given(problems(), st.sampled_from([0.1, 0.2, 0.25, 0.5, 0.8]), st.integers(0, 99))
def test_split_promises(problem, fraction, seed):
    labels, groups, _ = problem
    strata = label_strata(labels)
    rest, held = split_rows(
        strata, test_fraction=fraction, seed=seed, groups=groups, labels=labels
    )
    rows = len(strata)
    # Each row is on one side, each group too, and no side is empty.
    np.testing.assert_array_equal(np.sort(np.r_[rest, held]), np.arange(rows))
    assert len(rest) > 0
    assert len(held) > 0
    assert (np.diff(rest) > 0).all()
    assert (np.diff(held) > 0).all()
    assert not set(groups[rest]) & set(groups[held])
    # The fraction is honoured as far as groups and classes allow.
    sizes = np.bincount(pd.factorize(groups)[0])
    if sizes.max() <= 4 and rows >= 40:
        needs = sum(len(found) >= 2 for _, found in class_groups(labels, groups))
        assert abs(len(held) - fraction * rows) <= sizes.max() + 3 * needs
    # The same seed gives the same split.
    again = split_rows(
        strata, test_fraction=fraction, seed=seed, groups=groups, labels=labels
    )
    np.testing.assert_array_equal(again[1], held)


def lacking(having, held):
    """Counts the groups that classes lack: one held out, and two in the rest.

    The first class is that of all groups, which comes before all others.
    """
    totals = having.sum(axis=1)
    one = np.minimum(totals - 1, 1)
    two = np.minimum(totals - 1, 2)
    lack = np.maximum(one - having @ held, 0) + np.maximum(two - having @ ~held, 0)
    return (weights(having) * lack).sum()


def weights(having):
    return np.where(np.arange(len(having)) == 0, 3 * len(having), 1)


def least_lacking(having):
    """Finds the least of all choices, as an integer program."""
    totals = having.sum(axis=1)
    classes, groups = having.shape
    found = milp(
        np.r_[np.zeros(groups), weights(having), weights(having)],
        constraints=LinearConstraint(
            np.hstack([having, np.eye(classes), -np.eye(classes)]),
            np.minimum(totals - 1, 1),
            totals - np.minimum(totals - 1, 2),
        ),
        bounds=Bounds(0, np.r_[np.ones(groups), np.full(2 * classes, np.inf)]),
        integrality=np.r_[np.ones(groups), np.zeros(2 * classes)],
    )
    assert found.success
    return round(found.fun)


@PROPERTY
@given(problems(), st.sampled_from([0.1, 0.2, 0.5]), st.integers(0, 99))
def test_every_class_that_can_be_is_on_both_sides(problem, fraction, seed):
    labels, groups, _ = problem
    _, held = split_rows(
        label_strata(labels),
        test_fraction=fraction,
        seed=seed,
        groups=groups,
        labels=labels,
    )
    names = np.unique(groups)
    classes = [names, *[found for _, found in class_groups(labels, groups)]]
    having = np.array([np.isin(names, found) for found in classes]).astype(int)
    found = lacking(having, np.isin(names, groups[held]))
    # Classes that share their groups may contradict each other.
    if found:
        assert found == least_lacking(having)


def test_groups_are_exchanged_where_no_single_one_can_move():
    count = 40
    groups = np.arange(count)
    generator = np.random.default_rng(0)
    for seed in range(20):
        # Groups 0 to 8 make a square: its rows and columns are the classes.
        labels = {name: np.full(count, np.nan) for name in ("row", "column", "others")}
        order = generator.permutation(count)
        labels["row"][order[:9]] = np.arange(9) // 3
        labels["column"][order[:9]] = np.arange(9) % 3
        labels["others"][order[9:]] = np.arange(count - 9) % 2
        _, held = split_rows(
            label_strata(labels),
            test_fraction=0.2,
            seed=seed,
            groups=groups,
            labels=labels,
        )
        # One group of each row and of each column, and so two in the rest.
        square = [int(np.flatnonzero(order == each)[0]) for each in held]
        square = [each for each in square if each < 9]
        assert sorted(each // 3 for each in square) == [0, 1, 2]
        assert sorted(each % 3 for each in square) == [0, 1, 2]


@PROPERTY
@given(problems(), st.integers(2, 15), st.integers(0, 99))
def test_fold_promises(problem, folds, seed):
    labels, groups, _ = problem
    strata = label_strata(labels)
    if len(np.unique(groups)) < folds:
        with pytest.raises(UserError, match="groups"):
            fold_rows(strata, folds=folds, seed=seed, groups=groups, labels=labels)
        return
    fold = fold_rows(strata, folds=folds, seed=seed, groups=groups, labels=labels)
    assert fold.shape == strata.shape
    assert set(fold) == set(range(folds))
    assert (group_sides(groups, fold) == 1).all()
    again = fold_rows(strata, folds=folds, seed=seed, groups=groups, labels=labels)
    np.testing.assert_array_equal(again, fold)


@pytest.mark.parametrize("count", [3, 5, 13, 14, 20])
def test_as_many_folds_as_groups_leave_one_group_to_each(count):
    # Classes that contradict it: each group has one of its own, some share.
    labels = {"a": np.arange(count), "b": np.arange(count) % 3}
    strata = label_strata(labels)
    for seed in range(10):
        fold = fold_rows(strata, folds=count, seed=seed, labels=labels)
        assert sorted(fold) == list(range(count))


def test_each_fold_has_a_group_before_classes_are_covered():
    # Nearly as many folds as groups, and two tasks whose classes ask for more of them.
    first = np.array([1, 1, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0])
    labels = {"a": first, "b": np.array([1, 0, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 0, 0, 1])}
    for seed in range(10):
        fold = fold_rows(label_strata(labels), folds=14, seed=seed, labels=labels)
        assert set(fold) == set(range(14))


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.integers(40, 400))
def test_every_class_is_in_every_fold(seed, folds, rows):
    generator = np.random.default_rng(seed)
    labels = {"a": generator.integers(0, 3, rows), "b": np.zeros(rows, int)}
    labels["b"][generator.choice(rows, folds, replace=False)] = 1
    fold = fold_rows(label_strata(labels), folds=folds, seed=seed, labels=labels)
    counts = pd.crosstab(labels["b"], fold).to_numpy()
    np.testing.assert_array_equal(counts[1], 1)
    sizes = np.bincount(fold)
    assert sizes.max() - sizes.min() <= 2


@PROPERTY
@given(
    st.lists(st.integers(0, 3), min_size=30, max_size=300),
    st.sampled_from([0.1, 0.2, 1 / 3, 0.5]),
    st.integers(0, 99),
)
@example([0] * 33 + [1] * 10, 0.2, 0)
def test_single_rows_give_the_fraction_and_each_stratum_its_share(
    strata, fraction, seed
):
    strata = np.array(strata)
    _, held = split_rows(strata, test_fraction=fraction, seed=seed)
    counts = np.bincount(strata)
    shares = np.bincount(strata[held], minlength=len(counts))
    if counts[counts > 0].min() * fraction >= 2:
        assert abs(len(held) - fraction * len(strata)) <= 0.5 + 1e-9
        assert np.abs(shares - fraction * counts).max() < 1 + 1e-9


def test_pairs_and_patients_give_each_stratum_its_share():
    generator = np.random.default_rng(0)
    rows = 50_000
    strata = generator.choice(8, rows, p=[0.3, 0.2, 0.2, 0.1, 0.1, 0.05, 0.03, 0.02])
    for groups in (
        generator.integers(0, 30_000, rows),
        generator.integers(0, 3_000, rows),
        np.minimum(generator.zipf(1.5, rows), 400),
    ):
        _, held = split_rows(strata, test_fraction=0.2, seed=0, groups=groups)
        assert abs(len(held) - 0.2 * rows) <= 5
        shares = np.bincount(strata[held]) / np.bincount(strata)
        assert np.abs(shares - 0.2).max() < 0.02


def test_another_seed_gives_another_split():
    strata = np.repeat([0, 1], 50)
    first = split_rows(strata, test_fraction=0.3, seed=0)[1]
    second = split_rows(strata, test_fraction=0.3, seed=1)[1]
    assert not np.array_equal(first, second)


def test_every_row_is_held_as_often_as_another():
    strata = np.repeat([0, 1], [30, 10])
    counts = np.zeros(40)
    for seed in range(400):
        counts[split_rows(strata, test_fraction=0.25, seed=seed)[1]] += 1
    # Binomial, 400 tries at 0.25: the standard deviation is 8.7.
    assert np.abs(counts - 100).max() < 45


def test_held_groups_are_not_the_larger_ones():
    generator = np.random.default_rng(1)
    groups = np.repeat(np.arange(400), generator.integers(1, 20, 400))
    strata = generator.integers(0, 3, len(groups))
    sizes = np.bincount(groups)
    means = []
    for seed in range(10):
        _, held = split_rows(strata, test_fraction=0.25, seed=seed, groups=groups)
        means.append(sizes[np.unique(groups[held])].mean() / sizes.mean())
    assert 0.9 < np.mean(means) < 1.1


# The heart data


@pytest.fixture(scope="module")
def heart():
    frame = load_heart_disease()
    labels = {
        "thal": pd.factorize(frame["thal"])[0],
        "heart": (frame["num"] > 0).to_numpy().astype(int),
    }
    return frame, labels, label_strata(labels)


def test_heart_strata_are_all_combinations(heart):
    _, labels, strata = heart
    assert len(np.unique(strata)) == 8
    pairs = pd.crosstab(strata, [labels["thal"], labels["heart"]])
    assert ((pairs > 0).sum(axis=1) == 1).all()


def test_heart_split_keeps_twins_together_and_shares_exact(heart):
    frame, labels, strata = heart
    groups = row_groups(frame, HEART_DISEASE_FEATURES)
    for seed in range(5):
        rest, held = split_rows(
            strata, test_fraction=0.2, seed=seed, groups=groups, labels=labels
        )
        assert len(held) == 184
        assert np.abs(np.bincount(strata[held]) - np.bincount(strata) * 0.2).max() < 2
        features = list(HEART_DISEASE_FEATURES)
        both = frame.iloc[rest][features].merge(frame.iloc[held][features])
        assert both.empty


def test_heart_sites_nearest_to_the_fraction(heart):
    frame, labels, strata = heart
    groups = row_groups(frame, HEART_DISEASE_FEATURES, frame["site"])
    nearest = {0.2: {"VA Long Beach"}, 0.33: {"Cleveland"}, 0.13: {"Switzerland"}}
    for fraction, sites in nearest.items():
        _, held = split_rows(
            strata, test_fraction=fraction, seed=0, groups=groups, labels=labels
        )
        assert set(frame["site"].iloc[held]) == sites
    fold = fold_rows(strata, folds=4, seed=0, groups=groups, labels=labels)
    assert (pd.crosstab(frame["site"], fold) > 0).to_numpy().sum() == 4


def test_heart_three_parts_have_every_class(heart):
    frame, labels, strata = heart
    groups = row_groups(frame, HEART_DISEASE_FEATURES)
    rest, test = split_rows(strata, test_fraction=0.15, seed=3, groups=groups)
    train, validation = split_rows(
        strata[rest], test_fraction=0.15, seed=3, groups=groups[rest]
    )
    for part in (test, rest[train], rest[validation]):
        for codes in labels.values():
            assert set(codes[part]) == set(codes)


# Mistakes and size


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
def test_wrong_fraction(fraction):
    with pytest.raises(UserError, match="test_fraction"):
        split_rows([0, 0, 1], test_fraction=fraction, seed=0)


def test_too_few_groups():
    with pytest.raises(UserError, match="3 rows in 1 groups"):
        split_rows([0, 0, 1], test_fraction=0.5, seed=0, groups=[7, 7, 7])
    with pytest.raises(UserError, match="at least 2"):
        fold_rows([0, 0, 1], folds=1, seed=0)
    with pytest.raises(UserError, match="at least 4 groups"):
        fold_rows([0, 0, 1], folds=4, seed=0)
    with pytest.raises(UserError, match="0 rows in 0 groups"):
        split_rows([], test_fraction=0.5, seed=0)


def test_wrong_shapes():
    with pytest.raises(ValueError, match=r"\(3,\) and \(2,\)"):
        split_rows([0, 0, 1], test_fraction=0.5, seed=0, groups=[0, 1])
    with pytest.raises(ValueError, match="as many rows as"):
        split_rows([0, 0, 1], test_fraction=0.5, seed=0, labels={"a": [0, 1]})


def test_many_rare_classes_keep_the_fraction():
    # 200 classes of three rows each among 5,000 rows.
    label = np.zeros(5000, int)
    label[:600] = np.repeat(np.arange(1, 201), 3)
    labels = {"a": label}
    _, held = split_rows(label_strata(labels), test_fraction=0.1, seed=0, labels=labels)
    assert len(held) == 500
    assert set(label[held]) == set(range(201))

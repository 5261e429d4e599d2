"""Strata tell the labels' combinations apart as far as there are rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_mtl.splits import label_strata
from keras_mtl.splits.label_strata import SMALLEST_STRATUM, label_codes


def same_partition(first, second):
    pairs = set(zip(first.tolist(), second.tolist(), strict=True))
    return len(pairs) == len(set(first.tolist())) == len(set(second.tolist()))


def test_frequent_combinations_are_strata_and_missing_is_a_value():
    heart = np.tile([0, 1], 60)
    thal = np.repeat([0.0, 1.0, np.nan], 40)
    strata = label_strata({"heart": heart, "thal": thal})
    assert strata.dtype == np.int64
    assert same_partition(strata, heart * 3 + np.repeat([0, 1, 2], 40))


def test_minus_one_is_missing_among_integers_and_a_value_among_floats():
    (codes,) = label_codes({"a": np.array([0, -1, 3])})
    assert codes.tolist() == [0, -1, 1]
    (codes,) = label_codes({"a": np.array([0.0, -1.0, np.nan])})
    assert codes.tolist() == [1, 0, -1]


def test_continuous_labels_are_cut_at_their_quartiles():
    values = np.arange(100) / 7
    values[::10] = np.nan
    (codes,) = label_codes({"a": values})
    counts = np.bincount(codes + 1)
    assert counts[0] == 10
    assert len(counts) == 5
    assert counts[1:].max() - counts[1:].min() <= 1
    known = codes >= 0
    assert (np.diff(codes[known]) >= 0).all()


def test_every_column_of_a_multilabel_task_counts():
    labels = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], 10, axis=0).astype(float)
    strata = label_strata({"signs": labels})
    assert same_partition(strata, (labels @ [2, 1]).astype(int))


def test_a_rare_combination_keeps_what_is_rarest():
    # Class 1 of `rare` has 12 rows, four in each class of `common`.
    common = np.tile([0, 1, 2], 100)
    rare = np.zeros(300, int)
    rare[:12] = 1
    strata = label_strata({"common": common, "rare": rare})
    assert len(set(strata[:12])) == 1
    assert not set(strata[:12]) & set(strata[12:])
    assert same_partition(strata[12:], common[12:])


def test_wrong_labels_are_refused():
    with pytest.raises(ValueError, match="at least one task"):
        label_strata({})
    with pytest.raises(ValueError, match=r"'a'.*Expected numbers"):
        label_strata({"a": np.array(["x", "y"])})
    with pytest.raises(ValueError, match="as many rows"):
        label_strata({"a": np.zeros(3), "b": np.zeros(4)})


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 300), st.integers(1, 8))
def test_no_stratum_but_one_is_small(seed, rows, tasks):
    generator = np.random.default_rng(seed)
    labels = {
        f"t{task}": np.where(
            generator.random(rows) < 0.3, np.nan, generator.integers(0, 3, rows)
        )
        for task in range(tasks)
    }
    strata = label_strata(labels)
    counts = np.bincount(strata)
    assert strata.shape == (rows,)
    assert (counts > 0).all()
    assert (counts < SMALLEST_STRATUM).sum() <= 1

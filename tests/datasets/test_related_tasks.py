"""Made data with a known truth."""

import numpy as np
import pandas as pd
import pytest

from keras_mtl.datasets import (
    make_related_tasks,
    related_task_values,
    shuffle_labels,
)


@pytest.mark.parametrize("related", [0.0, 0.3, 0.8, 1.0])
def test_the_functions_are_as_related_as_stated(related):
    x = np.random.default_rng(0).normal(size=(20_000, 8))
    values = related_task_values(x, tasks=3, related=related, seed=1)
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=0.03)
    np.testing.assert_allclose(values.std(axis=0), 1, atol=0.03)
    above = np.corrcoef(values.T)[np.triu_indices(3, 1)]
    np.testing.assert_allclose(above, related, atol=0.03)


def test_noise_is_the_share_of_the_variance_that_is_not_explained():
    frame = make_related_tasks(20_000, noise=0.3, kind="regression", seed=2)
    truth = related_task_values(frame.filter(like="x"), seed=2)
    explained = np.corrcoef(truth[:, 0], frame["task1"])[0, 1] ** 2
    assert explained == pytest.approx(0.7, abs=0.02)
    assert frame["task1"].var() == pytest.approx(1, abs=0.03)
    clean = make_related_tasks(50, noise=0.0, kind="regression", seed=2)
    truth = related_task_values(clean.filter(like="x"), seed=2)
    np.testing.assert_allclose(clean[["task1", "task2"]], truth)


def test_the_same_seed_makes_the_same_rows_and_labels_go_missing_by_task():
    frame = make_related_tasks(200, tasks=3, missing=0.25, seed=3)
    pd.testing.assert_frame_equal(
        frame, make_related_tasks(200, tasks=3, missing=0.25, seed=3)
    )
    assert frame.filter(like="task").isna().sum().tolist() == [50, 50, 50]
    assert 0 < frame.filter(like="task").isna().all(axis=1).sum() < 10
    assert set(frame["task1"].dropna()) == {0, 1}
    other = make_related_tasks(200, tasks=3, missing=0.25, seed=4)
    assert not other["x1"].equals(frame["x1"])


def test_shuffled_labels_have_nothing_to_learn():
    frame = make_related_tasks(5000, noise=0.0, missing=0.2, kind="regression")
    shuffled = shuffle_labels(frame, "task1", seed=5)
    assert shuffled.drop(columns="task1").equals(frame.drop(columns="task1"))
    assert (shuffled["task1"].isna() == frame["task1"].isna()).all()
    known = frame["task1"].notna()
    np.testing.assert_array_equal(
        np.sort(shuffled["task1"][known]), np.sort(frame["task1"][known])
    )
    assert abs(shuffled["task1"].corr(frame["task1"])) < 0.05
    assert not shuffled["task1"].equals(shuffle_labels(frame, "task1")["task1"])


@pytest.mark.parametrize(
    "arguments",
    [
        {"rows": 0},
        {"tasks": 0},
        {"features": 0},
        {"related": 1.1},
        {"noise": 1.0},
        {"missing": -0.1},
        {"kind": "multiclass"},
    ],
)
def test_an_argument_out_of_range_is_refused(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        make_related_tasks(**arguments)

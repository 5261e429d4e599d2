"""Effects of features are kept with fits and joined over the folds."""

import numpy as np
import pytest

from keras_mtl.comparison.fold_effects import join_effects


def fold(values, means, rows, base=0.8):
    return {
        "importance": [
            {
                "task": "sick",
                "feature": "dose",
                "metric": "auc",
                "base": base,
                "importance": float(np.mean(values)),
                "std": 0.0,
                "values": values,
            }
        ],
        "dependence": [
            {
                "feature": "dose",
                "values": [1, 2],
                "is_number": True,
                "means": {"sick": means},
                "low": {"sick": means},
                "high": {"sick": means},
                "rows": rows,
            }
        ],
    }


def test_folds_are_averaged_by_their_rows():
    found = join_effects(
        [fold([0.1, 0.3], [[0.2], [0.4]], 30), fold([0.2, 0.2], [[0.6], [0.8]], 10)]
    )
    (importance,) = found.importance
    assert importance.importance == pytest.approx(0.2)
    assert importance.values == (0.1, 0.3, 0.2, 0.2)
    assert importance.std == pytest.approx(np.std([0.1, 0.3, 0.2, 0.2], ddof=1))
    (dependence,) = found.dependence
    assert dependence.rows == 40
    np.testing.assert_allclose(dependence.means["sick"][:, 0], [0.3, 0.5])


def test_a_fold_without_the_metric_is_left_out():
    nan = float("nan")
    found = join_effects(
        [
            fold([nan, nan], [[0.2], [0.4]], 30, nan),
            fold([0.1, 0.2], [[0.2], [0.4]], 30),
        ]
    )
    assert found.importance[0].importance == pytest.approx(0.15)
    assert found.importance[0].base == 0.8


def test_no_folds_have_no_effects():
    assert join_effects([]).importance == ()


@pytest.mark.slow
def test_a_comparison_measures_the_features_of_each_task(compared):
    found = {(each.task, each.feature): each for each in compared.importance}
    # Each task has all features: the small table has three beside the labels.
    assert {task for task, _ in found} == {"kind", "sick", "cost"}
    assert {feature for _, feature in found} == {"a", "b", "c"}
    # Three folds of three shuffles.
    assert len(found["sick", "b"].values) == 9
    assert {each.feature for each in compared.dependence} == {"a", "b", "c"}
    assert all(each.rows == 90 for each in compared.dependence)

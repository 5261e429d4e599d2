"""Settings of estimators that are not numbers in their range are refused by name."""

import numpy as np
import pytest

from keras_mtl.kernels import GaussianProcessModel, KernelModel
from keras_mtl.linear import (
    ClusteredModel,
    DirtyModel,
    GroupSparseModel,
    HierarchicalBayesModel,
    IndependentModel,
    LowRankModel,
    MeanRegularisedModel,
)
from keras_mtl.linear.setting_ranges import (
    is_integer_from,
    is_not_negative,
    is_positive,
)


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (IndependentModel(strength="much", folds=2.5), ["strength", "folds"]),
        (GroupSparseModel(tolerance="low", strengths=np.nan), ["tolerance"]),
        (DirtyModel(shared="all", strength=0.1), ["shared"]),
        (LowRankModel(strength=[0.1]), ["strength"]),
        (MeanRegularisedModel(ridge="little", strength=0.1), ["ridge"]),
        (ClusteredModel(clusters="two", strength=0.1), ["clusters"]),
        (
            HierarchicalBayesModel(variance="1", steps=np.nan, further_tasks=None),
            ["variance", "steps", "further_tasks"],
        ),
        (
            KernelModel(length_scale="long", sharing="half", rank=1.5, folds="5"),
            ["length_scale", "sharing", "rank", "folds"],
        ),
        (
            GaussianProcessModel(factors="one", rank=np.inf, iterations=None),
            ["factors", "rank", "iterations"],
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_settings_that_are_not_numbers_are_refused_by_name(model, names):
    with pytest.raises(ValueError, match="Invalid value received") as caught:
        model.fit(np.eye(4), np.eye(4)[:, :2])
    for name in names:
        assert f"argument `{name}`" in str(caught.value)
        assert f"{name}={getattr(model, name)}" in str(caught.value)


def test_numbers_of_numpy_are_numbers():
    assert is_positive(np.float32(0.5))
    assert is_not_negative(np.int64(0))
    assert is_integer_from(np.int64(2), 2)


def test_numbers_out_of_the_range_are_not_in_it():
    assert not is_positive(0.0)
    assert not is_positive(np.nan)
    assert not is_not_negative(np.inf)
    assert not is_integer_from(np.int64(1), 2)

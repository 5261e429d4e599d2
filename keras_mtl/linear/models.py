"""The linear multi-task models of arrays, one per penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from keras_mtl.linear.linear_model import LinearModel
from keras_mtl.linear.penalties import (
    Clustered,
    Dirty,
    GroupSparse,
    Lasso,
    LowRank,
    MeanRegularised,
    Penalty,
    Ridge,
)
from keras_mtl.linear.setting_ranges import (
    is_integer_from,
    is_not_negative,
    is_positive,
)

__all__ = [
    "ClusteredModel",
    "DirtyModel",
    "GroupSparseModel",
    "IndependentModel",
    "LowRankModel",
    "MeanRegularisedModel",
]


@dataclass(eq=False, repr=False)
class IndependentModel(LinearModel):
    """One independent linear model per task.

    Args:
        strength: See `LinearModel`, also for the following arguments.
        kinds: The kind of each task by name.
        strengths: The number of strengths on the path.
        folds: The number of folds of the cross-validation.
        one_standard_error: Whether to choose a larger strength than the best one.
        tolerance: The tolerance of the solution.
        seed: The seed of the folds.
        penalty: `"ridge"`, squared weights, or `"lasso"`, absolute weights.

    Example:

    >>> import numpy as np
    >>> x = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> model = IndependentModel(strength=0.0).fit(x, 2 * x[:, 0] + 1)
    >>> model.predict([[5.0]]).round(6)
    array([[11.]])
    """

    penalty: Literal["ridge", "lasso"] = "ridge"

    def _penalty(self, outputs: int) -> Penalty:
        del outputs
        if self.penalty not in ("ridge", "lasso"):
            raise ValueError(
                "Invalid value received for argument `penalty`. Expected 'ridge' or "
                f"'lasso'. Received: penalty={self.penalty!r}"
            )
        return Ridge() if self.penalty == "ridge" else Lasso()


@dataclass(eq=False, repr=False)
class GroupSparseModel(LinearModel):
    """Linear models that select the same features for all tasks.

    Args:
        strength: See `LinearModel`, also for the following arguments.
        kinds: The kind of each task by name.
        strengths: The number of strengths on the path.
        folds: The number of folds of the cross-validation.
        one_standard_error: Whether to choose a larger strength than the best one.
        tolerance: The tolerance of the solution.
        seed: The seed of the folds.

    Example:

    >>> import numpy as np
    >>> generator = np.random.default_rng(0)
    >>> x = generator.normal(size=(60, 4))
    >>> y = {"sum": x[:, 0] + x[:, 1], "sick": x[:, 0] > x[:, 1]}
    >>> model = GroupSparseModel(strength=0.1).fit(x, y)
    >>> (model.standard_coef_ != 0).all(axis=1)
    array([ True,  True, False, False])
    """

    def _penalty(self, outputs: int) -> Penalty:
        del outputs
        return GroupSparse()


@dataclass(eq=False, repr=False)
class DirtyModel(LinearModel):
    """Linear models with features for all tasks and features for one task.

    Args:
        strength: See `LinearModel`, also for the following arguments.
        kinds: The kind of each task by name.
        strengths: The number of strengths on the path.
        folds: The number of folds of the cross-validation.
        one_standard_error: Whether to choose a larger strength than the best one.
        tolerance: The tolerance of the solution.
        seed: The seed of the folds.
        shared: The factor of the penalty on features for all tasks, relative to
            features for one task. By default the square root of the number of outputs.

    Example:

    >>> import numpy as np
    >>> generator = np.random.default_rng(0)
    >>> x = generator.normal(size=(60, 3))
    >>> y = np.stack([x[:, 0] + x[:, 1], x[:, 0] - x[:, 2]], axis=1)
    >>> DirtyModel(strength=0.1).fit(x, y).standard_coef_.round(1) != 0
    array([[ True,  True],
           [ True, False],
           [False,  True]])
    """

    shared: float | None = None

    def _penalty(self, outputs: int) -> Penalty:
        shared = outputs**0.5 if self.shared is None else self.shared
        if not is_positive(shared):
            raise ValueError(
                "Invalid value received for argument `shared`. Expected a finite "
                f"number above 0. Received: shared={shared}"
            )
        return Dirty(shared=float(shared))


@dataclass(eq=False, repr=False)
class LowRankModel(LinearModel):
    """Linear models whose tasks share a few directions of the features.

    Args:
        strength: See `LinearModel`, also for the following arguments.
        kinds: The kind of each task by name.
        strengths: The number of strengths on the path.
        folds: The number of folds of the cross-validation.
        one_standard_error: Whether to choose a larger strength than the best one.
        tolerance: The tolerance of the solution.
        seed: The seed of the folds.

    Example:

    >>> import numpy as np
    >>> generator = np.random.default_rng(0)
    >>> x = generator.normal(size=(80, 5))
    >>> y = (x @ [[1], [2], [0], [-1], [1]]) * [[1.0, -2.0, 3.0]]
    >>> model = LowRankModel(strength=0.2).fit(x, y)
    >>> int(np.linalg.matrix_rank(model.coef_, tol=1e-6))
    1
    """

    def _penalty(self, outputs: int) -> Penalty:
        del outputs
        return LowRank()


@dataclass(eq=False, repr=False)
class MeanRegularisedModel(LinearModel):
    """Linear models whose weights are shrunk toward their mean.

    Args:
        strength: See `LinearModel`, also for the following arguments. Tasks are more
            similar for a larger strength.
        kinds: The kind of each task by name.
        strengths: The number of strengths on the path.
        folds: The number of folds of the cross-validation.
        one_standard_error: Whether to choose a larger strength than the best one.
        tolerance: The tolerance of the solution.
        seed: The seed of the folds.
        ridge: The factor of the squared weights.

    Example:

    >>> import numpy as np
    >>> x = np.array([[-1.0], [0.0], [1.0]])
    >>> model = MeanRegularisedModel(strength=1e6).fit(x, np.hstack([x, -x]))
    >>> model.coef_.round(3) + 0.0
    array([[0., 0.]])
    """

    ridge: float = 0.01

    def _penalty(self, outputs: int) -> Penalty:
        del outputs
        return MeanRegularised(ridge=_not_negative("ridge", self.ridge))


@dataclass(eq=False, repr=False)
class ClusteredModel(LinearModel):
    """Linear models of tasks in clusters, which are learned with the weights.

    Args:
        strength: See `LinearModel`, also for the following arguments.
        kinds: The kind of each task by name.
        strengths: The number of strengths on the path.
        folds: The number of folds of the cross-validation.
        one_standard_error: Whether to choose a larger strength than the best one.
        tolerance: The tolerance of the solution.
        seed: The seed of the folds.
        clusters: The number of clusters, at most the number of outputs.
        ridge: The factor of the squared weights, relative to the strength.

    Example:

    >>> import numpy as np
    >>> generator = np.random.default_rng(0)
    >>> x = generator.normal(size=(60, 2))
    >>> y = np.stack([x[:, 0], x[:, 1], x[:, 0], x[:, 1]], axis=1)
    >>> ClusteredModel(strength=0.1).fit(x, y).clusters_
    array([0, 1, 0, 1])
    """

    # The strength determines the clusters, with only a small ridge.
    least_ridge: ClassVar[float] = 1e-6

    clusters: int = 2
    ridge: float = 0.1

    def _penalty(self, outputs: int) -> Penalty:
        if not is_integer_from(self.clusters, 1) or self.clusters > outputs:
            raise ValueError(
                "Invalid value received for argument `clusters`. Expected an integer "
                f"from 1 to {outputs}, the number of outputs. "
                f"Received: clusters={self.clusters}"
            )
        ridge = max(_not_negative("ridge", self.ridge), self.least_ridge)
        return Clustered(clusters=self.clusters, ridge=ridge)


def _not_negative(name: str, value: float) -> float:
    if not is_not_negative(value):
        raise ValueError(
            f"Invalid value received for argument `{name}`. Expected a finite number "
            f"of 0 or more. Received: {name}={value}"
        )
    return float(value)

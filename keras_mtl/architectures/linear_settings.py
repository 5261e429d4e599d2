"""The settings of linear architectures, declared without Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from keras_mtl._core.declarations import declaration
from keras_mtl.architectures.solved import Solution, SolvedRows, SolvedSettings
from keras_mtl.tasks.binary import BinaryTask
from keras_mtl.tasks.multiclass import MulticlassTask
from keras_mtl.tasks.multilabel import MultilabelTask
from keras_mtl.tasks.regression import RegressionTask
from keras_mtl.tasks.task import Task

if TYPE_CHECKING:
    from keras_mtl.linear import Penalty
    from keras_mtl.model import MultiTaskModel

__all__ = [
    "ClusteredSettings",
    "DirtySettings",
    "GroupSparseSettings",
    "HierarchicalBayesSettings",
    "IndependentSettings",
    "LinearSettings",
    "LowRankSettings",
    "MeanRegularisedSettings",
    "check_solvable_tasks",
]

KINDS = (BinaryTask, MulticlassTask, MultilabelTask, RegressionTask)
Factor = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def check_solvable_tasks(tasks: Sequence[Task]) -> list[str]:
    """Find tasks of kinds that have no solver.

    Args:
        tasks: The tasks, which need not be resolved.

    Returns:
        One message per error.
    """
    return [
        f"tasks[{task.name}]: expected a kind of task that a linear or kernel "
        f"architecture can be solved for, among "
        f"{', '.join(kind.kind for kind in KINDS)}; received {task.kind!r}. Leave the "
        "task out, or choose an architecture that is trained, such as --architecture "
        "hard-sharing."
        for task in tasks
        if not isinstance(task, KINDS)
    ]


@declaration
class LinearSettings(SolvedSettings):
    """The settings of one linear model per task with a penalty on all weights.

    The common settings and the heads' widths are ignored.

    Args:
        strength: The factor of the penalty, for standardized features. By default it is
            chosen by cross-validation on the training rows.
        strengths: The number of strengths to compare.
        folds: The number of folds of the cross-validation.
        one_standard_error: Whether to choose the largest strength whose held-out loss
            is within one standard error of the smallest loss.
    """

    strength: Factor | None = None
    strengths: Annotated[int, Field(ge=2, le=1000)] = 30
    folds: Annotated[int, Field(ge=2, le=100)] = 5
    one_standard_error: bool = False

    def penalty(self, outputs: int) -> Penalty:
        """Return the penalty for a number of outputs, with any strength."""
        raise NotImplementedError

    def fold_count(self) -> int:
        return 0 if self.strength is not None else self.folds

    def check_tasks(self, tasks: Sequence[Task]) -> list[str]:
        return check_solvable_tasks(tasks)

    def solve(self, model: MultiTaskModel, rows: SolvedRows) -> Solution:
        from keras_mtl.architectures.solve_linear import solve_linear

        return solve_linear(self, model, rows)


@declaration
class IndependentSettings(LinearSettings):
    """The settings of one independent linear model per task.

    Args:
        penalty_kind: The penalty: `"ridge"`, squared weights, or `"lasso"`, absolute
            weights.
    """

    penalty_kind: Literal["ridge", "lasso"] = "ridge"

    def penalty(self, outputs: int) -> Penalty:
        from keras_mtl.linear import Lasso, Ridge

        del outputs
        return Ridge() if self.penalty_kind == "ridge" else Lasso()


@declaration
class GroupSparseSettings(LinearSettings):
    """The settings of linear models that select the same features."""

    def penalty(self, outputs: int) -> Penalty:
        from keras_mtl.linear import GroupSparse

        del outputs
        return GroupSparse()


@declaration
class DirtySettings(LinearSettings):
    """The settings of linear models with features for all tasks and for one task.

    Args:
        shared: The factor of the penalty on features for all tasks, relative to
            features for one task. By default the square root of the number of outputs.
    """

    shared: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None

    def penalty(self, outputs: int) -> Penalty:
        from keras_mtl.linear import Dirty

        return Dirty(shared=outputs**0.5 if self.shared is None else self.shared)


@declaration
class LowRankSettings(LinearSettings):
    """The settings of linear models that share a few directions."""

    def penalty(self, outputs: int) -> Penalty:
        from keras_mtl.linear import LowRank

        del outputs
        return LowRank()


@declaration
class MeanRegularisedSettings(LinearSettings):
    """The settings of linear models whose weights are shrunk toward their mean.

    Args:
        ridge: The factor of the squared weights.
    """

    ridge: Factor = 0.01

    def penalty(self, outputs: int) -> Penalty:
        from keras_mtl.linear import MeanRegularised

        del outputs
        return MeanRegularised(ridge=self.ridge)


@declaration
class ClusteredSettings(LinearSettings):
    """The settings of linear models in clusters of tasks.

    Args:
        clusters: The number of clusters, at most the number of outputs. A multi-class
            task has one output per class, and another task has one output.
        ridge: The factor of the squared weights, relative to the strength.
    """

    clusters: Annotated[int, Field(ge=1, le=1024)] = 2
    ridge: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.1

    def check_resolved_tasks(self, tasks: Sequence[Task]) -> list[str]:
        outputs = sum(task.units for task in tasks)
        if self.clusters <= outputs:
            return []
        return [
            "model.architecture.clusters: expected at most as many clusters as the "
            f"tasks have outputs, {outputs}; received {self.clusters}. Ask for fewer "
            "clusters."
        ]

    def penalty(self, outputs: int) -> Penalty:
        from keras_mtl.linear import Clustered

        del outputs
        return Clustered(clusters=self.clusters, ridge=self.ridge)


@declaration
class HierarchicalBayesSettings(SolvedSettings):
    """The settings of linear models whose weights are drawn from one Gaussian.

    Nothing is chosen by cross-validation. The common settings and the heads' widths are
    ignored.

    Args:
        covariance: `"diagonal"`, one variance per weight; or `"full"`, with
            covariances, which needs many more tasks than features.
        variance: The variance of all weights between tasks, in standard units. By
            default one variance is learned per weight.
        further_tasks: The number of tasks that the prior of the variances is worth.
    """

    covariance: Literal["diagonal", "full"] = "diagonal"
    variance: Factor | None = None
    further_tasks: Factor = 2.0

    @property
    def has_deviations(self) -> bool:
        return True

    def fold_count(self) -> int:
        return 0

    def check_tasks(self, tasks: Sequence[Task]) -> list[str]:
        return check_solvable_tasks(tasks)

    def solve_model(
        self, model: MultiTaskModel, rows: SolvedRows
    ) -> tuple[MultiTaskModel, Solution]:
        from keras_mtl.architectures.solve_hierarchical import solve_hierarchical

        return solve_hierarchical(self, model, rows)

"""The settings of the Gaussian process architecture, declared without Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from keras_mtl._core.declarations import declaration
from keras_mtl.architectures.linear_settings import check_solvable_tasks
from keras_mtl.architectures.solved import Solution, SolvedRows, SolvedSettings
from keras_mtl.tasks.regression import RegressionTask
from keras_mtl.tasks.task import Task

if TYPE_CHECKING:
    from keras_mtl.model import MultiTaskModel

__all__ = ["GaussianProcessSettings"]

# Each pair of latent values has a covariance, and a label of several classes has one
# latent value per class.
MOST_OUTPUTS = 50
Count = Annotated[int, Field(ge=1)]


@declaration
class GaussianProcessSettings(SolvedSettings):
    """The settings of a Gaussian process with the kernel `k(x, x') B[s, t]`.

    k is an RBF kernel. Its length scales, `B = V V^T + diag(kappa)` and the noise of
    each regression maximize the marginal likelihood. The common settings, the heads'
    widths and the tasks' loss weights are ignored.

    Args:
        factors: The number of columns of V, that is, of common factors of the tasks.
        automatic_relevance: Whether each feature has its own length scale, with a
            log-normal prior around the median distance of rows.
        rank: The number of support rows of a Nystroem approximation. By default all
            rows for up to 2,000 labels, where a label of several classes counts once
            per class, and at most 500 rows for more labels.
        iterations: The largest number of steps of the search for parameters.
    """

    factors: Count = 1
    automatic_relevance: bool = False
    rank: Count | None = None
    iterations: Count = 100

    @property
    def has_deviations(self) -> bool:
        return True

    def fold_count(self) -> int:
        return 0

    def check_tasks(self, tasks: Sequence[Task]) -> list[str]:
        return [
            *check_solvable_tasks(tasks),
            *[
                f"tasks[{task.name}].transform: expected 'none', as a Gaussian process "
                "gives each number a deviation in the label's own unit; received "
                f"{task.transform!r}. Leave the setting out."
                for task in tasks
                if isinstance(task, RegressionTask) and task.transform != "none"
            ],
        ]

    def check_resolved_tasks(self, tasks: Sequence[Task]) -> list[str]:
        outputs = sum(task.units for task in tasks)
        if outputs <= MOST_OUTPUTS:
            return []
        return [
            "model.architecture: expected tasks of at most "
            f"{MOST_OUTPUTS} outputs together, of which a class or a label is one, as "
            f"gaussian-process learns how alike any two are; received {outputs}. Leave "
            "tasks out, or choose kernel."
        ]

    def solve_model(
        self, model: MultiTaskModel, rows: SolvedRows
    ) -> tuple[MultiTaskModel, Solution]:
        from keras_mtl.architectures.solve_gaussian_process import (
            solve_gaussian_process,
        )

        return solve_gaussian_process(self, model, rows)

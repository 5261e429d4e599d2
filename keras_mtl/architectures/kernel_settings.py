"""The settings of the kernel architecture, declared without Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from keras_mtl._core.declarations import declaration
from keras_mtl.architectures.linear_settings import check_solvable_tasks
from keras_mtl.architectures.solved import Solution, SolvedRows, SolvedSettings
from keras_mtl.tasks.task import Task

if TYPE_CHECKING:
    from keras_mtl.model import MultiTaskModel

__all__ = ["KernelSettings"]

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@declaration
class KernelSettings(SolvedSettings):
    """The settings of a kernel model with the kernel `k(x, x') B[s, t]`.

    Settings of None are chosen by cross-validation on the training rows. The common
    settings and the heads' widths are ignored.

    Args:
        kernel: The kernel of rows, `"rbf"` or `"linear"`.
        strength: The factor of half the squared norm.
        length_scale: The length scale of an RBF kernel, for standardized features.
        sharing: The similarity of the tasks: 0 fits each task alone, 1 fits one pooled
            function with one intercept per task.
        rank: The number of support rows of a Nystroem approximation. By default all
            rows up to 5,000, and 1,000 if there are more.
        folds: The number of folds of the cross-validation.
        one_standard_error: Whether to choose the largest strength whose held-out loss
            is within one standard error of the smallest loss.
    """

    kernel: Literal["rbf", "linear"] = "rbf"
    strength: Positive | None = None
    length_scale: Positive | None = None
    sharing: Annotated[float, Field(ge=0, le=1)] | None = None
    rank: Annotated[int, Field(ge=1)] | None = None
    folds: Annotated[int, Field(ge=2, le=100)] = 5
    one_standard_error: bool = False

    def fold_count(self) -> int:
        given = self.strength is not None and self.sharing is not None
        has_length = self.length_scale is not None or self.kernel == "linear"
        return 0 if given and has_length else self.folds

    def check_tasks(self, tasks: Sequence[Task]) -> list[str]:
        return check_solvable_tasks(tasks)

    def model_for(self, model: MultiTaskModel, rows: int) -> MultiTaskModel:
        from keras_mtl.architectures.kernel import build_kernel
        from keras_mtl.kernels.kernel_basis import support_count

        width = model.input_shape[-1]
        return build_kernel(width, model.tasks, self, support_count(rows, self.rank))

    def solve(self, model: MultiTaskModel, rows: SolvedRows) -> Solution:
        from keras_mtl.architectures.solve_kernel import solve_kernel

        return solve_kernel(self, model, rows)

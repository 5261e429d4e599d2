"""The base class of the methods that compute weights from the Gramian."""

import dataclasses
from typing import Any, ClassVar, Literal

import numpy as np
from keras import backend, ops

from keras_mtl.weighting.base import (
    State,
    Weighting,
    active_tasks,
    cast_state,
    restore_dtypes,
)

__all__ = ["GramianProblem", "GramianWeighting"]


@dataclasses.dataclass(frozen=True)
class GramianProblem:
    """Input of a method on the Gramian.

    Args:
        gramian: The Gramian, (T, T) float64 with trace 1; the rows and columns of
            dropped tasks are zero.
        active: 1 for a task with a gradient, 0 for a dropped task, (T,).
        count: The number of active tasks, at least 1.
        trace: The divisor of the Gramian, the sum of the squared norms.
        tolerance: The relative size below which an eigenvalue counts as zero.
        is_finite: Whether the Gramian is finite; if not, it is zero here and the
            weights will be NaN.
        losses: The losses, (T,), or None.
    """

    gramian: Any
    active: Any
    count: Any
    trace: Any
    tolerance: float
    is_finite: Any
    losses: Any = None


class GramianWeighting(Weighting):
    """Base class of methods that compute weights from the Gramian of the gradients.

    These methods need only the Gramian `G = J J^T` of the tasks' gradients. The Gramian
    is summed layer by layer, so the gradients of a large trunk for all tasks are never
    in memory at once. A backward pass of the weighted losses then computes the update.

    The call drops the tasks without a label, divides by the trace, so that methods need
    not handle the scale, and works in double precision, which is cheap for T by T
    numbers. A subclass implements `solve`, in the scale in which equal gradients give
    their sum, and `paper_factor` if the scale of its paper differs.

    Call arguments:
        gramian: The inner products of the tasks' gradients, (T, T); `J_1 J_2^T` if the
            method's `samples` is 2 or more.
        state: The state that `initial_state` or the last call returned.
        mask: Booleans, (T,): whether each task has a label in the batch. A task whose
            row of the Gramian is 0 counts as a task without a label.
        losses: The tasks' losses, (T,), if the method `uses_losses`.
        tolerance: The relative size below which an eigenvalue counts as zero; by
            default the machine epsilon of the Gramian's dtype.

    Returns:
        The weights, (T,), 0 for a dropped task, and the new state.
    """

    kind: ClassVar[Literal["gramian"]] = "gramian"

    def __call__(
        self,
        gramian: Any,
        state: State | None = None,
        *,
        mask: Any = None,
        losses: Any = None,
        tolerance: float | None = None,
    ) -> tuple[Any, State]:
        gramian = ops.convert_to_tensor(gramian)
        state = self.initial_state(gramian.shape[0]) if state is None else state
        dtype = backend.standardize_dtype(gramian.dtype)
        problem = self._problem(gramian, mask, losses, tolerance)
        method = self._with_numbers_in("float64")
        weights, new_state = method.solve(problem, cast_state(state, "float64"))
        weights = ops.where(problem.is_finite, weights * problem.active, float("nan"))
        if self.scale == "paper":
            weights = weights * method.paper_factor(problem)
        return ops.cast(weights, dtype), restore_dtypes(new_state, like=state)

    def solve(self, problem: GramianProblem, state: State) -> tuple[Any, State]:
        """Return the weights, (T,), in the scale of the sum, and the new state."""
        raise NotImplementedError

    def paper_factor(self, problem: GramianProblem) -> Any:
        """Return the paper's weights divided by those of `solve`."""
        return 1.0

    def _problem(
        self, gramian: Any, mask: Any, losses: Any, tolerance: float | None
    ) -> GramianProblem:
        if tolerance is None:
            tolerance = gramian.shape[0] * float(np.finfo(gramian.dtype.name).eps)
        gramian = ops.cast(gramian, "float64")
        task_is_active = active_tasks(ops.max(ops.abs(gramian), axis=1), mask)
        both = ops.logical_and(task_is_active[:, None], task_is_active[None, :])
        gramian = ops.where(both, gramian, 0.0)
        # Eigenvalues of NaN raise an error that names no task, so the problem is solved
        # without NaN, and the returned weights are NaN.
        is_finite = ops.all(ops.isfinite(gramian))
        gramian = ops.where(is_finite, gramian, 0.0)
        # With gradients of two samples, the diagonal may be negative.
        trace = ops.sum(ops.abs(ops.diagonal(gramian)))
        trace = ops.where(ops.equal(trace, 0), 1.0, trace)
        active = ops.cast(task_is_active, "float64")
        return GramianProblem(
            gramian=gramian / trace,
            active=active,
            count=ops.maximum(ops.sum(active), 1.0),
            trace=trace,
            tolerance=tolerance,
            is_finite=is_finite,
            losses=None if losses is None else ops.cast(losses, "float64"),
        )

    def _aggregate(
        self, rows: Any, state: State, *, losses: Any, mask: Any, tolerance: Any
    ) -> tuple[Any, State]:
        weights, state = self(
            rows @ rows.T, state, mask=mask, losses=losses, tolerance=tolerance
        )
        return ops.matmul(weights, rows), state

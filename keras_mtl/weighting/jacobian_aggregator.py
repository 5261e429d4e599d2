"""The base class of the methods that compute the update from the Jacobian."""

import dataclasses
from typing import Any, ClassVar, Literal

from keras import backend, ops

from keras_mtl.weighting.base import (
    State,
    Weighting,
    active_tasks,
    cast_state,
    restore_dtypes,
)

__all__ = ["JacobianAggregator", "JacobianProblem"]


@dataclasses.dataclass(frozen=True)
class JacobianProblem:
    """Input of a method on the Jacobian.

    Args:
        jacobian: The gradients, (T, P), in their original dtype; zero for dropped
            tasks.
        active: 1 for a task with a gradient, 0 for a dropped task, (T,).
        count: The number of active tasks, at least 1.
        losses: The losses, (T,), 1 for a dropped task; or None.
    """

    jacobian: Any
    active: Any
    count: Any
    losses: Any = None


class JacobianAggregator(Weighting):
    """Base class of methods that compute the update from the Jacobian.

    These methods use single entries of the Jacobian or a history of gradients. The
    Jacobian, (T, P), is in memory, for some methods with a state of the same size. A
    subclass implements `combine`. If the method weighs tasks, its state has the entry
    `weights`, which can also weigh the heads.

    Call arguments:
        jacobian: The tasks' gradients, (T, P).
        state: The state that `initial_state` or the last call returned.
        mask: Booleans, (T,): whether each task has a label in the batch. A row of zeros
            counts as a task without a label.
        losses: The tasks' losses, (T,), if the method `uses_losses`.

    Returns:
        The update, (P,), and the new state.
    """

    kind: ClassVar[Literal["jacobian"]] = "jacobian"

    def __call__(
        self,
        jacobian: Any,
        state: State | None = None,
        *,
        mask: Any = None,
        losses: Any = None,
    ) -> tuple[Any, State]:
        jacobian = ops.convert_to_tensor(jacobian)
        state = self.initial_state(*jacobian.shape) if state is None else state
        dtype = backend.standardize_dtype(jacobian.dtype)
        problem = self._problem(jacobian, mask, losses, dtype)
        method = self._with_numbers_in(dtype)
        update, new_state = method.combine(problem, cast_state(state, dtype))
        return update, restore_dtypes(new_state, like=state)

    def combine(self, problem: JacobianProblem, state: State) -> tuple[Any, State]:
        """Return the update, (P,), in the scale `self.scale`, and the new state."""
        raise NotImplementedError

    def _problem(
        self, jacobian: Any, mask: Any, losses: Any, dtype: str
    ) -> JacobianProblem:
        task_is_active = active_tasks(ops.max(ops.abs(jacobian), axis=1), mask)
        active = ops.cast(task_is_active, dtype)
        if losses is not None:
            losses = ops.where(task_is_active, ops.cast(losses, dtype), 1.0)
        return JacobianProblem(
            jacobian=ops.where(task_is_active[:, None], jacobian, 0.0),
            active=active,
            count=ops.maximum(ops.sum(active), 1.0),
            losses=losses,
        )

    def _parameters(self, parameters_count: int | None) -> int:
        if parameters_count is None:
            raise ValueError(
                f"`{type(self).__name__}` remembers a gradient for each task. "
                "Expected `initial_state(tasks_count, parameters_count)`. "
                "Received: parameters_count=None"
            )
        return parameters_count

    def _aggregate(
        self, rows: Any, state: State, *, losses: Any, mask: Any, tolerance: Any
    ) -> tuple[Any, State]:
        return self(rows, state, mask=mask, losses=losses)

"""The base class of the methods that compute weights from losses."""

import dataclasses
from typing import Any, ClassVar, Literal

from keras import backend, ops

from keras_mtl.weighting.base import State, Weighting, cast_state, restore_dtypes

__all__ = ["LossProblem", "LossWeighting"]


@dataclasses.dataclass(frozen=True)
class LossProblem:
    """Input of a method on losses.

    Args:
        losses: The losses, (T,), 1 for a dropped task.
        active: 1 for a task with a label in the batch, 0 for other tasks, (T,).
        count: The number of active tasks, at least 1.
    """

    losses: Any
    active: Any
    count: Any

    def only(self, chosen: Any) -> "LossProblem":
        """Return the problem without the tasks for which `chosen` is false."""
        active = ops.where(chosen, self.active, 0.0)
        return LossProblem(
            losses=ops.where(active > 0, self.losses, 1.0),
            active=active,
            count=ops.maximum(ops.sum(active), 1.0),
        )

    def without_zeros(self) -> "LossProblem":
        """Return the problem without the tasks whose loss is exactly 0."""
        return self.only(ops.not_equal(self.losses, 0))

    def shares(self, logits: Any) -> Any:
        """Return the softmax of `logits` over the active tasks, (T,)."""
        highest = ops.max(ops.where(self.active > 0, logits, float("-inf")))
        highest = ops.where(ops.sum(self.active) > 0, highest, 0.0)
        below = ops.where(self.active > 0, logits - highest, float("-inf"))
        shares = ops.exp(below)
        return ops.divide_no_nan(shares, ops.sum(shares))


class LossWeighting(Weighting):
    """Base class of methods that compute weights from the losses.

    The update is the gradient of `sum_i w_i L_i` with constant weights, which takes one
    backward pass. If the paper of a method gives an objective instead, such as a
    geometric mean, the method returns the derivatives of the objective by the losses,
    which gives the same update.

    A subclass implements `weigh`. The parameters that a method learns are part of its
    state, and the method updates them itself. The optimizer of the network and its
    weight decay do not apply to them.

    Call arguments:
        losses: The tasks' losses, (T,). The losses of tasks without a label are ignored
            and may be NaN.
        state: The state that `initial_state` or the last call returned.
        mask: Booleans, (T,): whether each task has a label in the batch.

    Returns:
        The weights, (T,), 0 for a dropped task, and the new state.
    """

    kind: ClassVar[Literal["losses"]] = "losses"
    uses_losses = True

    def __call__(
        self, losses: Any, state: State | None = None, *, mask: Any = None
    ) -> tuple[Any, State]:
        losses = ops.convert_to_tensor(losses)
        state = self.initial_state(losses.shape[0]) if state is None else state
        dtype = backend.standardize_dtype(losses.dtype)
        problem = self._problem(losses, mask)
        method = self._with_numbers_in("float64")
        weights, new_state = method.weigh(problem, cast_state(state, "float64"))
        weights = weights * problem.active
        return ops.cast(weights, dtype), restore_dtypes(new_state, like=state)

    def weigh(self, problem: LossProblem, state: State) -> tuple[Any, State]:
        """Return the weights, (T,), and the new state."""
        raise NotImplementedError

    def after_step(self, losses: Any, state: State, *, mask: Any = None) -> State:
        method = self._with_numbers_in("float64")
        problem = self._problem(losses, mask)
        moved = method.move(problem, cast_state(state, "float64"))
        return restore_dtypes(moved, like=state)

    def move(self, problem: LossProblem, state: State) -> State:
        """Return the new state, given the losses of the same batch after the step."""
        return state

    @staticmethod
    def _problem(losses: Any, mask: Any) -> LossProblem:
        losses = ops.cast(losses, "float64")
        if mask is None:
            active = ops.ones_like(losses)
        else:
            # `where` and not a product: the loss of a task without a label may be NaN.
            losses = ops.where(ops.cast(mask, "bool"), losses, 1.0)
            active = ops.cast(ops.cast(mask, "bool"), "float64")
        count = ops.maximum(ops.sum(active), 1.0)
        return LossProblem(losses=losses, active=active, count=count)

    def _aggregate(
        self, rows: Any, state: State, *, losses: Any, mask: Any, tolerance: Any
    ) -> tuple[Any, State]:
        weights, state = self(losses, state, mask=mask)
        return ops.matmul(weights, rows), state

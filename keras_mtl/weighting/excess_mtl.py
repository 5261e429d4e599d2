"""Weights from the distance of each task to its best loss."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_mtl.weighting.base import State
from keras_mtl.weighting.jacobian_aggregator import JacobianAggregator, JacobianProblem


@keras.saving.register_keras_serializable(package="keras_mtl")
class ExcessMTL(JacobianAggregator):
    """ExcessMTL: robust multi-task learning with excess risks.

    He, Zhou, Zhang and Zhao 2024, "Robust multi-task learning with excess risks",
    equations 6 to 9: the excess risk of a task is estimated as `sum g^2 / sqrt(sum over
    steps of g^2)` and divided by its first value. The weights grow exponentially with
    it. A parameter that has never had a gradient adds nothing.

    As in the paper, the excess risk is divided by its first value, also in the first
    call. The authors' code does not divide it in the first call, so the first weights
    depend on the scale of the gradients.

    Args:
        step_size: The step size of the weights.
        scale: `"sum"`: the weights' sum is T. `"paper"`: it is 1.

    State: `squares` (T, P); `first_excess` (T,), -1 before a task's first
    label; `weights` (T,) with the sum 1.

    Example:

    >>> import keras_mtl.weighting
    >>> excess = keras_mtl.weighting.get("excess-mtl", step_size=1.0)
    >>> excess.aggregate([[2.0, 0.0], [0.0, 1.0]])
    array([2., 1.])
    >>> excess.aggregate([[2.0, 0.0], [0.0, 0.5]]).round(3)
    array([2.474, 0.381])
    """

    plain_numbers = ("step_size",)

    def __init__(self, step_size: float = 0.01, scale: str = "sum") -> None:
        super().__init__(scale)
        self.step_size = step_size

    def initial_state(
        self,
        tasks_count: int,
        parameters_count: int | None = None,
        kinds: Sequence[str] | None = None,
    ) -> State:
        shape = (tasks_count, self._parameters(parameters_count))
        return {
            "squares": np.zeros(shape, "float32"),
            "first_excess": np.full(tasks_count, -1, "float32"),
            "weights": np.full(tasks_count, 1.0 / tasks_count, "float32"),
        }

    def combine(self, problem: JacobianProblem, state: State) -> tuple[Any, State]:
        square = ops.square(problem.jacobian)
        squares = state["squares"] + square
        excess = ops.sum(ops.divide_no_nan(square, ops.sqrt(squares)), axis=1)
        is_active = problem.active > 0
        is_first = ops.logical_and(is_active, state["first_excess"] < 0)
        first = ops.where(is_first, excess, state["first_excess"])
        ratio = ops.divide_no_nan(excess, ops.where(is_active, first, 1.0))

        growth = self.step_size * ratio
        growth = ops.exp(growth - ops.max(problem.active * growth))
        old = problem.active * state["weights"]
        grown = ops.where(is_active, state["weights"] * growth, 0.0)
        grown = ops.divide_no_nan(grown, ops.sum(grown))
        weights = ops.where(is_active, grown * ops.sum(old), state["weights"])
        update = ops.matmul(grown, problem.jacobian)
        if self.scale == "sum":
            update = update * problem.count
        new_state = {"squares": squares, "first_excess": first, "weights": weights}
        return update, new_state

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "step_size": self.step_size}

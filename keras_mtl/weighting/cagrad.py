"""The update near the mean that helps the worst task most."""

from typing import Any

import keras
from keras import ops

from keras_mtl.weighting.base import State
from keras_mtl.weighting.gramian_weighting import GramianProblem, GramianWeighting
from keras_mtl.weighting.solvers.nonnegative import dual_cone_weights
from keras_mtl.weighting.solvers.worst_task import worst_task_weights


@keras.saving.register_keras_serializable(package="keras_mtl")
class CAGrad(GramianWeighting):
    """Conflict-averse gradient descent.

    Liu, Liu, Jin, Stone and Liu 2021, "Conflict-averse gradient descent for multi-task
    learning", equation 3: the update `d` maximizes `min_i g_i . d` within the distance
    `c |g0|` of the mean gradient `g0`. In the dual form of Algorithm 1, `w = argmin g0
    . g_w + c |g0| |g_w|` over the simplex and `d = g0 + c |g0| g_w / |g_w|`. With `c >=
    1` no task gets worse to first order.

    Departures from the paper: the problem is solved exactly, along its path in `c`. If
    the tasks are stationary and `c` is large, `g_w = 0` and the formula is 0 / 0. Then
    `d` is the projection of the mean gradient on the directions that do not hurt any
    task, which is the maximizer closest to `g0`.

    Args:
        c: The radius of the ball around `g0`, relative to `|g0|`; 0 gives the mean
            gradient.
        scale: `"sum"`: the update is `d T / (1 + c)`. `"paper"`: it is `d`.

    Example:

    >>> import keras_mtl.weighting
    >>> cagrad = keras_mtl.weighting.get("cagrad", scale="paper")
    >>> cagrad.aggregate([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]]).round(4)
    array([0.1835, 1.2041, 1.2041])
    """

    plain_numbers = ("c",)

    def __init__(self, c: float = 0.5, scale: str = "sum") -> None:
        super().__init__(scale)
        if c < 0:
            raise ValueError(
                "Invalid value received for argument `c`. Expected a number of at "
                f"least 0. Received: c={c}"
            )
        self.c = c

    def solve(self, problem: GramianProblem, state: State) -> tuple[Any, State]:
        gramian, active, tolerance = problem.gramian, problem.active, problem.tolerance
        mean = active / problem.count
        products = ops.matmul(gramian, mean)
        radius = self.c * ops.sqrt(ops.maximum(ops.sum(mean * products), 0.0))
        added, is_stationary = worst_task_weights(
            gramian, products, radius, active, tolerance
        )
        # With c >= 1, the ball contains 0, so the best update does not hurt any task.
        # If the tasks are stationary and 0 is near the edge of the ball, rounding can
        # turn the update in any direction.
        is_wide = ops.convert_to_tensor(self.c, dtype="float64") >= 1
        gains = ops.matmul(gramian, mean + added)
        hurts = ops.logical_and(is_wide, ops.min(gains) < 0)
        is_stationary = ops.logical_or(is_stationary, hurts)
        projected = dual_cone_weights(gramian, mean[None], tolerance)[0]
        weights = ops.where(is_stationary, projected, mean + added)
        return weights * problem.count / (1.0 + self.c), state

    def paper_factor(self, problem: GramianProblem) -> Any:
        return (1.0 + self.c) / problem.count

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "c": self.c}

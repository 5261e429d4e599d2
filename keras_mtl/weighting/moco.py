"""Stochastic MGDA on gradients averaged over steps."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_mtl.weighting.base import State
from keras_mtl.weighting.jacobian_aggregator import JacobianAggregator, JacobianProblem
from keras_mtl.weighting.solvers.simplex import step_on_simplex


@keras.saving.register_keras_serializable(package="keras_mtl")
class MoCo(JacobianAggregator):
    """MoCo: multi-objective gradient correction.

    Fernando, Shen, Liu, Chaudhury, Murugesan and Chen 2023, "Mitigating gradient bias
    in multi-objective learning", Algorithm 1: `Y` is a moving average of the gradients
    (equation 9). The weights make one projected gradient step on the simplex that
    decreases `|Y^T w|^2` (equation 11). The update is `Y^T w`.

    Departures from the paper: `Y` starts at the first gradients and not at 0. The step
    of the weights is relative to the mean squared norm of the rows of `Y`, so it does
    not depend on the scale of the gradients.

    Args:
        beta: The rate at which `Y` moves toward the gradients.
        beta_decay: At step k the rate is `beta / k**beta_decay`.
        gamma: The step size of the weights.
        gamma_decay: At step k the step size is `gamma / k**gamma_decay`.
        rho: The L2 penalty on the weights.
        scale: `"sum"`: the weights' sum is T. `"paper"`: it is 1.

    State: `tracked` (T, P), which is `Y`; `weights` (T,) with the sum 1; `steps` (T,),
    the number of steps of each task.

    Example:

    >>> import keras_mtl.weighting
    >>> moco = keras_mtl.weighting.get("moco")
    >>> moco.aggregate([[2.0, 0.0], [0.0, 1.0]]).round(3)
    array([1.88, 1.06])
    """

    plain_numbers = ("beta", "beta_decay", "gamma", "gamma_decay", "rho")

    def __init__(
        self,
        beta: float = 0.5,
        beta_decay: float = 0.5,
        gamma: float = 0.1,
        gamma_decay: float = 0.5,
        rho: float = 0.0,
        scale: str = "sum",
    ) -> None:
        super().__init__(scale)
        self.beta = beta
        self.beta_decay = beta_decay
        self.gamma = gamma
        self.gamma_decay = gamma_decay
        self.rho = rho

    def initial_state(
        self,
        tasks_count: int,
        parameters_count: int | None = None,
        kinds: Sequence[str] | None = None,
    ) -> State:
        shape = (tasks_count, self._parameters(parameters_count))
        return {
            "tracked": np.zeros(shape, "float32"),
            "weights": np.full(tasks_count, 1.0 / tasks_count, "float32"),
            "steps": np.zeros(tasks_count, "float32"),
        }

    def combine(self, problem: JacobianProblem, state: State) -> tuple[Any, State]:
        active = problem.active
        steps = state["steps"] + active
        pace = self.beta / ops.power(ops.maximum(steps, 1.0), self.beta_decay)
        pace = active * ops.where(state["steps"] > 0, pace, 1.0)
        tracked = state["tracked"]
        tracked = tracked + pace[:, None] * (problem.jacobian - tracked)

        rows = active[:, None] * tracked
        gramian = ops.matmul(rows, ops.transpose(rows))
        mean_square = ops.sum(ops.diagonal(gramian)) / problem.count
        gramian = ops.divide_no_nan(gramian, mean_square)
        speed = self.gamma / ops.power(
            ops.maximum(ops.max(steps), 1.0), self.gamma_decay
        )

        def descend(weights: Any) -> Any:
            slope = ops.matmul(gramian, weights) + self.rho * weights
            return weights - speed * slope

        weights, all_weights = step_on_simplex(state["weights"], descend, active)
        update = ops.matmul(weights, rows)
        if self.scale == "sum":
            update = update * problem.count
        return update, {"tracked": tracked, "weights": all_weights, "steps": steps}

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "beta": self.beta,
            "beta_decay": self.beta_decay,
            "gamma": self.gamma,
            "gamma_decay": self.gamma_decay,
            "rho": self.rho,
        }

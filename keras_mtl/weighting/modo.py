"""Stochastic MGDA from two independent samples."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_mtl.weighting.base import State
from keras_mtl.weighting.gramian_weighting import GramianProblem, GramianWeighting
from keras_mtl.weighting.solvers.simplex import step_on_simplex


@keras.saving.register_keras_serializable(package="keras_mtl")
class MoDo(GramianWeighting):
    """MoDo: multi-objective gradient with double sampling.

    Chen, Fernando, Ying and Chen 2023, "Three-way trade-off in multi-objective
    learning", Algorithm 2: the weights make one projected gradient step on the simplex
    along `J_1 J_2^T w + rho w`. Since the two samples are independent, this is an
    unbiased estimate of the gradient of `|J^T w|^2 / 2`, plus the penalty. The update
    is the mean of the weighted gradients of both samples.

    Departure from the paper: the step is relative to the mean of the diagonal of the
    Gramian, so it does not depend on the scale of the gradients; `relative=False` is
    the paper's method.

    Args:
        gamma: The step size of the weights.
        rho: The L2 penalty on the weights.
        relative: Whether `gamma` is relative to the scale of the gradients.
        scale: `"sum"`: the weights' sum is T. `"paper"`: it is 1.

    State: `weights` (T,) with the sum 1.

    Example:

    >>> import keras_mtl.weighting
    >>> modo = keras_mtl.weighting.get("modo")
    >>> weights, state = modo([[4.0, 0.0], [0.0, 1.0]])
    >>> weights.numpy().round(3)
    array([0.94, 1.06], dtype=float32)
    """

    samples = 2
    update_sample = "mean"
    plain_numbers = ("gamma", "rho")

    def __init__(
        self,
        gamma: float = 0.1,
        rho: float = 0.1,
        relative: bool = True,
        scale: str = "sum",
    ) -> None:
        super().__init__(scale)
        self.gamma = gamma
        self.rho = rho
        self.relative = relative

    def initial_state(
        self,
        tasks_count: int,
        parameters_count: int | None = None,
        kinds: Sequence[str] | None = None,
    ) -> State:
        return {"weights": np.full(tasks_count, 1.0 / tasks_count, "float32")}

    def solve(self, problem: GramianProblem, state: State) -> tuple[Any, State]:
        size = problem.count if self.relative else problem.trace

        def descend(weights: Any) -> Any:
            slope = size * ops.matmul(problem.gramian, weights) + self.rho * weights
            return weights - self.gamma * slope

        weights, all_weights = step_on_simplex(
            state["weights"], descend, problem.active
        )
        return weights * problem.count, {"weights": all_weights}

    def paper_factor(self, problem: GramianProblem) -> Any:
        return 1.0 / problem.count

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "gamma": self.gamma,
            "rho": self.rho,
            "relative": self.relative,
        }

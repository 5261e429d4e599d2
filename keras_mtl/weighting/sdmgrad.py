"""Stochastic MGDA, regularized toward the mean gradient."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_mtl.weighting.base import State
from keras_mtl.weighting.gramian_weighting import GramianProblem, GramianWeighting
from keras_mtl.weighting.solvers.simplex import step_on_simplex


@keras.saving.register_keras_serializable(package="keras_mtl")
class SDMGrad(GramianWeighting):
    """SDMGrad: stochastic direction-oriented multi-objective gradient descent.

    Xiao, Ban and Ji 2023, "Direction-oriented multi-objective learning", Algorithm 1:
    the weights make several projected gradient steps on the simplex that decrease `|J^T
    (w + strength u)|^2 / 2` with `u = 1 / T`, estimated by the product of the gradients
    of two independent samples. The update is the gradient of a third sample, weighted
    by `(w + strength u) / (1 + strength)`. As in section 6.1 of the paper, the product
    is divided by the squared mean of the square roots of its diagonal.

    Args:
        strength: The strength of the pull toward the mean gradient (lambda in the
            paper).
        learning_rate: The step size of the weights.
        momentum: The momentum of the steps.
        steps: The number of steps of the weights per call.
        scale: `"sum"`: the weights' sum is T. `"paper"`: it is 1.

    State: `weights` (T,), which is `w`, with the sum 1.

    Example:

    >>> import keras_mtl.weighting
    >>> sdmgrad = keras_mtl.weighting.get("sdmgrad")
    >>> weights, state = sdmgrad([[4.0, 0.0], [0.0, 1.0]])
    >>> float(sum(weights).numpy().round(5))
    2.0
    """

    samples = 3
    update_sample = "last"
    plain_numbers = ("strength", "learning_rate", "momentum")

    def __init__(
        self,
        strength: float = 0.3,
        learning_rate: float = 5.0,
        momentum: float = 0.5,
        steps: int = 20,
        scale: str = "sum",
    ) -> None:
        super().__init__(scale)
        self.strength = strength
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.steps = steps

    def initial_state(
        self,
        tasks_count: int,
        parameters_count: int | None = None,
        kinds: Sequence[str] | None = None,
    ) -> State:
        return {"weights": np.full(tasks_count, 1.0 / tasks_count, "float32")}

    def solve(self, problem: GramianProblem, state: State) -> tuple[Any, State]:
        active = problem.active
        pull = self.strength * active / problem.count
        roots = ops.sqrt(ops.maximum(ops.diagonal(problem.gramian), 0.0))
        size = ops.square(ops.sum(roots) / problem.count)
        gramian = ops.divide_no_nan(problem.gramian, size)

        def body(_: Any, values: tuple[Any, ...]) -> tuple[Any, ...]:
            weights, all_weights, velocity = values
            slope = ops.matmul(gramian, weights + pull)
            velocity = self.momentum * velocity + slope
            weights, all_weights = step_on_simplex(
                all_weights, lambda own: own - self.learning_rate * velocity, active
            )
            return weights, all_weights, velocity

        own, everyone = step_on_simplex(state["weights"], lambda own: own, active)
        start = (own, everyone, ops.zeros_like(own))
        weights, all_weights, _ = ops.fori_loop(0, self.steps, body, start)
        weights = (weights + pull) / (1.0 + self.strength)
        return weights * problem.count, {"weights": all_weights}

    def paper_factor(self, problem: GramianProblem) -> Any:
        return 1.0 / problem.count

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "strength": self.strength,
            "learning_rate": self.learning_rate,
            "momentum": self.momentum,
            "steps": self.steps,
        }

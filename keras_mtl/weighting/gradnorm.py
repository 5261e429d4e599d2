"""Weights learned so that all tasks train at the same rate."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_mtl.weighting.base import State
from keras_mtl.weighting.gramian_weighting import GramianProblem, GramianWeighting


@keras.saving.register_keras_serializable(package="keras_mtl")
class GradNorm(GramianWeighting):
    """GradNorm: gradient normalization.

    Chen, Badrinarayanan, Lee and Rabinovich 2018, "GradNorm", equations 1 and 2 and
    Algorithm 1: the weights are updated so that the norms `w_i |g_i|` of the weighted
    gradients on the last shared layer approach a target. The target of a task is the
    mean norm times the task's relative inverse training rate, `(L_i / L_i(0)) / mean`,
    to the power `alpha`. The sum of the weights is always T.

    Departures from the paper: norms are divided by their mean, so the step does not
    depend on the scale of the gradients. The step is on `log w`, so no weight becomes
    negative.

    Args:
        alpha: The exponent of the training rate: the larger, the more slow tasks are
            favored.
        learning_rate: The step size of the weights.

    State: `weights` (T,), and `first_losses` (T,), -1 before a task's first
    label.

    Example:

    >>> import keras_mtl.weighting
    >>> gradnorm = keras_mtl.weighting.get("gradnorm")
    >>> weights, state = gradnorm([[4.0, 0.0], [0.0, 1.0]], losses=[1.0, 1.0])
    >>> weights.numpy()
    array([1., 1.], dtype=float32)
    >>> state["weights"].numpy().round(4)
    array([0.975, 1.025], dtype=float32)
    """

    uses_losses = True
    uses_last_shared_layer = True
    plain_numbers = ("alpha", "learning_rate")

    def __init__(self, alpha: float = 1.5, learning_rate: float = 0.025) -> None:
        super().__init__()
        self.alpha = alpha
        self.learning_rate = learning_rate

    def initial_state(
        self,
        tasks_count: int,
        parameters_count: int | None = None,
        kinds: Sequence[str] | None = None,
    ) -> State:
        return {
            "weights": np.ones(tasks_count, "float32"),
            "first_losses": np.full(tasks_count, -1, "float32"),
        }

    def solve(self, problem: GramianProblem, state: State) -> tuple[Any, State]:
        active, count = problem.active, problem.count
        weights = active * state["weights"]
        held = ops.sum(weights)
        rates, first_losses = self._training_rates(problem, state)
        norms = ops.sqrt(ops.diagonal(problem.gramian))
        weighted = weights * norms
        target = ops.sum(weighted) / count * ops.power(rates, self.alpha)
        mean_norm = ops.sum(norms) / count
        slope = ops.sign(weighted - target) * ops.divide_no_nan(norms, mean_norm)
        moved = weights * ops.exp(-self.learning_rate * slope)
        moved = moved * ops.divide_no_nan(held, ops.sum(moved))
        new_state = {
            "weights": ops.where(active > 0, moved, state["weights"]),
            "first_losses": first_losses,
        }
        return ops.divide_no_nan(weights * count, held), new_state

    def _training_rates(self, problem: GramianProblem, state: State) -> tuple[Any, Any]:
        first = state["first_losses"]
        if problem.losses is None:
            return problem.active, first
        losses = ops.where(problem.active > 0, problem.losses, -1.0)
        first = ops.where(first < 0, losses, first)
        # A task whose first loss is 0 has the rate of a constant loss.
        ratio = ops.where(first > 0, losses / ops.where(first > 0, first, 1.0), 1.0)
        ratio = ratio * problem.active
        return ops.divide_no_nan(ratio * problem.count, ops.sum(ratio)), first

    def get_config(self) -> dict[str, Any]:
        return {"alpha": self.alpha, "learning_rate": self.learning_rate}

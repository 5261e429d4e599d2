"""Learned weights that scale all losses to one size."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_mtl.weighting.base import State
from keras_mtl.weighting.loss_weighting import LossProblem, LossWeighting
from keras_mtl.weighting.solvers.adam import adam_state, adam_step


@keras.saving.register_keras_serializable(package="keras_mtl")
class IMTLL(LossWeighting):
    """IMTL-L: impartial multi-task learning by losses.

    Liu, Li, Kuang, Xue, Chen, Yang, Liao and Zhang 2021, "Towards impartial multi-task
    learning", equation 8: the objective is `sum_i e^{s_i} L_i - s_i`, minimized over
    the network and the `s_i`. The `s_i` start at 0, which is the plain sum. A separate
    Adam updates them by their exact derivatives, so the weight decay of the network's
    optimizer does not apply to them.

    Args:
        learning_rate: The step size of `s`.

    State: `log_scale` (T,), and the state of Adam.

    Example:

    >>> import keras_mtl.weighting
    >>> method = keras_mtl.weighting.get("imtl-l", learning_rate=0.1)
    >>> weights, state = method([4.0, 0.1], method.initial_state(2))
    >>> method([4.0, 0.1], state)[0].numpy().round(4)
    array([0.9048, 1.1052], dtype=float32)
    """

    plain_numbers = ("learning_rate",)

    def __init__(self, learning_rate: float = 0.01) -> None:
        super().__init__()
        self.learning_rate = learning_rate

    def initial_state(
        self,
        tasks_count: int,
        parameters_count: int | None = None,
        kinds: Sequence[str] | None = None,
    ) -> State:
        return {
            "log_scale": np.zeros(tasks_count, "float32"),
            **adam_state(tasks_count),
        }

    def weigh(self, problem: LossProblem, state: State) -> tuple[Any, State]:
        weights = ops.exp(state["log_scale"])
        change, moments = adam_step(
            weights * problem.losses - 1.0, state, self.learning_rate, problem.active
        )
        return weights, {**moments, "log_scale": state["log_scale"] + change}

    def get_config(self) -> dict[str, Any]:
        return {"learning_rate": self.learning_rate}

"""Weights from the learned noise of each task."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_mtl.weighting.base import State
from keras_mtl.weighting.loss_weighting import LossProblem, LossWeighting
from keras_mtl.weighting.solvers.adam import adam_state, adam_step


@keras.saving.register_keras_serializable(package="keras_mtl")
class Uncertainty(LossWeighting):
    """Uncertainty weighting: weights from a learned variance of each task's labels.

    Kendall, Gal and Cipolla 2018, "Multi-task learning using uncertainty to weigh
    losses", equations 7 and 10. With `s = log sigma^2`, the objective is the sum of `L
    / (2 e^s) + s / 2` over regression tasks, whose loss is a squared error, and of `L /
    e^s + s / 2` over classification tasks, whose loss is a cross-entropy.

    Departures from the paper: a separate Adam updates `s` by its exact derivative, so
    the weight decay of the network's optimizer does not apply to it. With
    `scale="sum"`, a regression task starts at `s = -log 2`, where its weight is 1; with
    `scale="paper"`, every task starts at `s = 0`.

    Args:
        learning_rate: The step size of `s`.
        scale: `"sum"` or `"paper"`, the initial value of `s`.

    State: `log_variance` (T,), the state of Adam, and `regression` (T,), 1 for the
    tasks whose kind in `initial_state` is a regression.

    Example:

    >>> import keras_mtl.weighting
    >>> method = keras_mtl.weighting.get("uncertainty", learning_rate=0.1)
    >>> state = method.initial_state(2, kinds=["regression", "classification"])
    >>> weights, state = method([4.0, 0.1], state)
    >>> weights.numpy()
    array([1., 1.], dtype=float32)
    >>> method([4.0, 0.1], state)[0].numpy().round(4)
    array([0.9048, 1.1052], dtype=float32)
    """

    plain_numbers = ("learning_rate",)

    def __init__(self, learning_rate: float = 0.01, scale: str = "sum") -> None:
        super().__init__(scale)
        self.learning_rate = learning_rate

    def initial_state(
        self,
        tasks_count: int,
        parameters_count: int | None = None,
        kinds: Sequence[str] | None = None,
    ) -> State:
        kinds = ["classification"] * tasks_count if kinds is None else kinds
        regression = np.array([kind == "regression" for kind in kinds], "float32")
        start = -math.log(2.0) if self.scale == "sum" else 0.0
        return {
            "log_variance": start * regression,
            "regression": regression,
            **adam_state(tasks_count),
        }

    def weigh(self, problem: LossProblem, state: State) -> tuple[Any, State]:
        factor = 1.0 - 0.5 * state["regression"]
        weights = factor * ops.exp(-state["log_variance"])
        change, moments = adam_step(
            0.5 - weights * problem.losses, state, self.learning_rate, problem.active
        )
        moved = state["log_variance"] + change
        return weights, {**state, **moments, "log_variance": moved}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "learning_rate": self.learning_rate}

"""Weights with which all losses decrease at the same rate."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_mtl.weighting.base import State
from keras_mtl.weighting.loss_weighting import LossProblem, LossWeighting
from keras_mtl.weighting.solvers.adam import adam_state, adam_step


@keras.saving.register_keras_serializable(package="keras_mtl")
class FAMO(LossWeighting):
    """FAMO: fast adaptive multitask optimization.

    Liu, Feng, Stone and Liu 2023, "FAMO: fast adaptive multitask optimization",
    Algorithm 1: with `z = softmax(logits)`, the weights are `c z_i / L_i`, where `c`
    makes their sum 1 (equation 9). After the step, the losses are computed again on the
    same batch, and the logits of tasks whose log-loss decreased more are lowered
    (equation 8). Losses must be positive; a task whose loss is exactly 0 is dropped.

    Here the sum of the weights is T, or 1 with `scale="paper"`. The logits are updated
    by Adam with L2 decay, as in the authors' code.

    Args:
        learning_rate: The step size of the logits.
        decay: The L2 decay of the logits.
        scale: `"sum"` or `"paper"`.

    State: `logits` (T,), the state of Adam, and `losses` (T,) before the step, -1 for a
    dropped task.

    Example:

    >>> import keras_mtl.weighting
    >>> method = keras_mtl.weighting.get("famo")
    >>> weights, state = method([4.0, 1.0], method.initial_state(2))
    >>> weights.numpy()
    array([0.4, 1.6], dtype=float32)
    >>> state = method.after_step([2.0, 1.0], state)
    >>> state["logits"].numpy().round(4)
    array([-0.025,  0.025], dtype=float32)
    """

    needs_losses_after_step = True
    plain_numbers = ("learning_rate", "decay")

    def __init__(
        self, learning_rate: float = 0.025, decay: float = 1e-3, scale: str = "sum"
    ) -> None:
        super().__init__(scale)
        self.learning_rate = learning_rate
        self.decay = decay

    def initial_state(
        self,
        tasks_count: int,
        parameters_count: int | None = None,
        kinds: Sequence[str] | None = None,
    ) -> State:
        return {
            "logits": np.zeros(tasks_count, "float32"),
            "losses": np.full(tasks_count, -1, "float32"),
            **adam_state(tasks_count),
        }

    def weigh(self, problem: LossProblem, state: State) -> tuple[Any, State]:
        problem = problem.without_zeros()
        weights = problem.shares(state["logits"] - ops.log(problem.losses))
        if self.scale == "sum":
            weights = weights * problem.count
        losses = ops.where(problem.active > 0, problem.losses, -1.0)
        return weights, {**state, "losses": losses}

    def move(self, problem: LossProblem, state: State) -> State:
        # A loss of 0 after the step has no logarithm, so its task is left out.
        seen = ops.logical_and(problem.losses > 0, state["losses"] > 0)
        problem = problem.only(seen)
        before = ops.where(problem.active > 0, state["losses"], 1.0)
        fall = ops.log(before) - ops.log(problem.losses)
        shares = problem.shares(state["logits"])
        gradient = shares * (fall - ops.sum(shares * fall))
        gradient = gradient + self.decay * state["logits"]
        change, moments = adam_step(gradient, state, self.learning_rate, problem.active)
        return {**state, **moments, "logits": state["logits"] + change}

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "learning_rate": self.learning_rate,
            "decay": self.decay,
        }

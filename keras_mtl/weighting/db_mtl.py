"""Gradients of log-losses, averaged over steps and scaled to one length."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_mtl.weighting.base import State
from keras_mtl.weighting.jacobian_aggregator import JacobianAggregator, JacobianProblem


@keras.saving.register_keras_serializable(package="keras_mtl")
class DBMTL(JacobianAggregator):
    """DB-MTL: dual-balancing multi-task learning.

    Lin, Jiang, Ye, Zhang, Chen, Chen, Liu and Kwok 2023, "Dual-balancing for multi-task
    learning", equations 2 to 4: the update is the sum of moving means of the gradients
    of `log L_i`, each scaled to the largest norm among them.

    Departures from the paper: the moving mean is corrected for its start at 0, so that
    the first steps are not shorter. With `scale="sum"`, the common norm is that of the
    means times the losses, that is, of gradients of `L` and not of `log L`. A task
    whose loss is exactly 0 is dropped.

    Args:
        beta: The share of its old value that the moving mean keeps, at the first step.
        beta_decay: At step k the share is `beta / k**beta_decay`.
        scale: `"sum"` or `"paper"`.

    State: `mean` (T, P); `share` (T,), the total weight of the gradients in it; `steps`
    (T,).

    Example:

    >>> import keras_mtl.weighting
    >>> db_mtl = keras_mtl.weighting.get("db-mtl")
    >>> db_mtl.aggregate([[4.0, 0.0], [0.0, 1.0]])
    array([4., 4.])
    """

    uses_losses = True
    plain_numbers = ("beta", "beta_decay")

    def __init__(
        self, beta: float = 0.9, beta_decay: float = 0.0, scale: str = "sum"
    ) -> None:
        super().__init__(scale)
        if not 0 <= beta < 1:
            raise ValueError(
                "Invalid value received for argument `beta`. Expected a number of "
                f"at least 0 and below 1. Received: beta={beta}"
            )
        self.beta = beta
        self.beta_decay = beta_decay

    def initial_state(
        self,
        tasks_count: int,
        parameters_count: int | None = None,
        kinds: Sequence[str] | None = None,
    ) -> State:
        shape = (tasks_count, self._parameters(parameters_count))
        return {
            "mean": np.zeros(shape, "float32"),
            "share": np.zeros(tasks_count, "float32"),
            "steps": np.zeros(tasks_count, "float32"),
        }

    def combine(self, problem: JacobianProblem, state: State) -> tuple[Any, State]:
        losses = ops.ones_like(problem.active)
        if problem.losses is not None:
            losses = problem.losses
        active = ops.where(losses > 0, problem.active, 0.0)
        losses = ops.where(losses > 0, losses, 1.0)
        steps = state["steps"] + active
        past = self.beta / ops.power(ops.maximum(steps, 1.0), self.beta_decay)
        past = ops.where(active > 0, past, 1.0)
        new = (1.0 - past)[:, None] * problem.jacobian / losses[:, None]
        mean = past[:, None] * state["mean"] + new
        share = past * state["share"] + 1.0 - past

        largest = ops.max(ops.abs(mean), axis=1, keepdims=True)
        largest = ops.where(largest > 0, largest, 1.0)
        norms = ops.sqrt(ops.sum(ops.square(mean / largest), axis=1))
        lengths = norms * largest[:, 0] * ops.divide_no_nan(active, share)
        if self.scale == "sum":
            lengths = lengths * losses
        units = ops.divide_no_nan(active, norms * largest[:, 0])
        update = ops.max(lengths) * ops.matmul(units, mean)
        return update, {"mean": mean, "share": share, "steps": steps}

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "beta": self.beta,
            "beta_decay": self.beta_decay,
        }

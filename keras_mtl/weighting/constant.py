"""Weights from the user."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_mtl.weighting.base import State
from keras_mtl.weighting.loss_weighting import LossProblem, LossWeighting


@keras.saving.register_keras_serializable(package="keras_mtl")
class Constant(LossWeighting):
    """Constant weights: the loss of each task is multiplied by a number.

    Args:
        weights: The weights, in the order of the tasks.

    Example:

    >>> import keras_mtl.weighting
    >>> constant = keras_mtl.weighting.get("constant", weights=[1.0, 0.5])
    >>> constant.aggregate([[-4.0, 1.0], [6.0, 1.0]])
    array([-1. ,  1.5])
    """

    weighs_by_losses = False

    def __init__(self, weights: Sequence[float]) -> None:
        super().__init__()
        self.weights = tuple(float(weight) for weight in weights)

    def weigh(self, problem: LossProblem, state: State) -> tuple[Any, State]:
        tasks_count = problem.losses.shape[0]
        if len(self.weights) != tasks_count:
            raise ValueError(
                "Invalid value received for argument `weights`. Expected one "
                f"weight for each of the {tasks_count} tasks. Received: "
                f"weights={self.weights}"
            )
        return ops.convert_to_tensor(self.weights, dtype="float64"), state

    def get_config(self) -> dict[str, Any]:
        return {"weights": list(self.weights)}

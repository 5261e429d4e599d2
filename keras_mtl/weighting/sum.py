"""The plain sum of the tasks' losses."""

from typing import Any

import keras

from keras_mtl.weighting.base import State
from keras_mtl.weighting.loss_weighting import LossProblem, LossWeighting


@keras.saving.register_keras_serializable(package="keras_mtl")
class Sum(LossWeighting):
    """The sum of the tasks' losses, each with the weight 1.

    Example:

    >>> import keras_mtl.weighting
    >>> keras_mtl.weighting.get("sum").aggregate([[-4.0, 1.0], [6.0, 1.0]])
    array([2., 2.])
    """

    weighs_by_losses = False

    def __init__(self) -> None:
        super().__init__()

    def weigh(self, problem: LossProblem, state: State) -> tuple[Any, State]:
        return problem.active, state

    def get_config(self) -> dict[str, Any]:
        return {}

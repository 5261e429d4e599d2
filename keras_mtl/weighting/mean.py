"""The mean of the tasks' losses."""

from typing import Any

import keras

from keras_mtl.weighting.base import State
from keras_mtl.weighting.loss_weighting import LossProblem, LossWeighting


@keras.saving.register_keras_serializable(package="keras_mtl")
class Mean(LossWeighting):
    """The mean of the losses of the tasks that have a label in the batch.

    With T tasks, the update is T times smaller than that of `sum` and of all other
    methods here.

    Example:

    >>> import keras_mtl.weighting
    >>> keras_mtl.weighting.get("mean").aggregate([[-4.0, 1.0], [6.0, 1.0]])
    array([1., 1.])
    """

    weighs_by_losses = False

    def __init__(self) -> None:
        super().__init__()

    def weigh(self, problem: LossProblem, state: State) -> tuple[Any, State]:
        return problem.active / problem.count, state

    def get_config(self) -> dict[str, Any]:
        return {}

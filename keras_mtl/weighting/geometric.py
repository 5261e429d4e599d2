"""The geometric mean of the losses."""

from typing import Any

import keras
from keras import ops

from keras_mtl.weighting.base import State
from keras_mtl.weighting.loss_weighting import LossProblem, LossWeighting


@keras.saving.register_keras_serializable(package="keras_mtl")
class Geometric(LossWeighting):
    """The geometric mean of the losses, which must be positive.

    Chennupati, Sistu, Yogamani and Rawashdeh 2019, "MultiNet++", equation 2, computed
    as `exp(mean log L)`, because the product of many losses underflows. The weights are
    the derivatives `exp(mean log L) / (T L_i)`, times T with `scale="sum"`. A task
    whose loss is exactly 0 is dropped, because the mean would be 0 and no task would
    learn.

    Args:
        scale: `"sum"` or `"paper"`.

    Example:

    >>> import keras_mtl.weighting
    >>> weights, state = keras_mtl.weighting.get("geometric")([4.0, 1.0])
    >>> weights.numpy()
    array([0.5, 2. ], dtype=float32)
    """

    def __init__(self, scale: str = "sum") -> None:
        super().__init__(scale)

    def weigh(self, problem: LossProblem, state: State) -> tuple[Any, State]:
        problem = problem.without_zeros()
        logarithms = ops.log(problem.losses)
        mean = ops.sum(problem.active * logarithms) / problem.count
        weights = problem.active * ops.exp(mean - logarithms)
        if self.scale == "paper":
            weights = weights / problem.count
        return weights, state

"""The mean of the gradients, each projected so that it does not hurt any task."""

from typing import Any

import keras
from keras import ops

from keras_mtl.weighting.base import State
from keras_mtl.weighting.gramian_weighting import GramianProblem, GramianWeighting
from keras_mtl.weighting.solvers.nonnegative import dual_cone_weights


@keras.saving.register_keras_serializable(package="keras_mtl")
class UPGrad(GramianWeighting):
    """UPGrad: unconflicting projection of gradients.

    Quinton and Rey 2024, "Jacobian descent for multi-objective optimization", equation
    4 and Proposition 1: the gradient of each task is projected on the dual cone of all
    gradients, that is, on the directions that do not hurt any task. The projections are
    summed. Departure from the paper: the quadratic problems are solved exactly, without
    regularization of the Gramian.

    Args:
        scale: `"sum"`: the sum. `"paper"`: the mean.

    Example:

    >>> import keras_mtl.weighting
    >>> upgrad = keras_mtl.weighting.get("upgrad", scale="paper")
    >>> upgrad.aggregate([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]]).round(4)
    array([0.2924, 1.9006, 1.9006])
    """

    def solve(self, problem: GramianProblem, state: State) -> tuple[Any, State]:
        each_task = ops.diag(problem.active)
        weights = dual_cone_weights(problem.gramian, each_task, problem.tolerance)
        return ops.sum(weights, axis=0), state

    def paper_factor(self, problem: GramianProblem) -> Any:
        return 1.0 / problem.count

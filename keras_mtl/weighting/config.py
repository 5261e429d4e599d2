"""The direction with equal cosines to all gradients."""

from typing import Any

import keras
from keras import ops

from keras_mtl.weighting.base import State
from keras_mtl.weighting.gramian_weighting import GramianProblem, GramianWeighting
from keras_mtl.weighting.solvers.spectral import pseudo_solve, unit_gramian


@keras.saving.register_keras_serializable(package="keras_mtl")
class ConFIG(GramianWeighting):
    """ConFIG: conflict-free inverse gradients.

    Liu, Chu and Thuerey 2024, "ConFIG: towards conflict-free training of physics
    informed neural networks", equation 2: the update is the unit vector along `pinv(U)
    1`, where the rows of `U` are the unit gradients, times the sum of the gradients'
    projections on it. With the Gramian, `pinv(U) 1 = U^T pinv(U U^T) 1`. If this vector
    is 0, as for opposite gradients, the update is 0. The scale of the paper is that of
    the sum.

    Example:

    >>> import keras_mtl.weighting
    >>> config = keras_mtl.weighting.get("config")
    >>> config.aggregate([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]]).round(4)
    array([0.1588, 2.0706, 2.0706])
    """

    def __init__(self) -> None:
        super().__init__()

    def solve(self, problem: GramianProblem, state: State) -> tuple[Any, State]:
        cosines, norms = unit_gramian(problem.gramian)
        units, _ = pseudo_solve(cosines, problem.active, problem.tolerance)
        square = ops.sum(units * ops.matmul(cosines, units))
        vanishes = square <= problem.tolerance * ops.sum(ops.square(units))
        square = ops.where(vanishes, 1.0, square)
        projections = norms * ops.matmul(cosines, units)
        weights = units / norms * ops.sum(projections) / square
        return ops.where(vanishes, 0.0, weights), state

    def get_config(self) -> dict[str, Any]:
        return {}

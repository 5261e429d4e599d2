"""The mean gradient, projected so that it does not hurt any task."""

from typing import Any

import keras

from keras_mtl.weighting.base import State
from keras_mtl.weighting.gramian_weighting import GramianProblem, GramianWeighting
from keras_mtl.weighting.solvers.nonnegative import dual_cone_weights


@keras.saving.register_keras_serializable(package="keras_mtl")
class DualProj(GramianWeighting):
    """DualProj: the mean gradient, projected on directions that do not hurt any task.

    Lopez-Paz and Ranzato 2017, "Gradient episodic memory for continual learning",
    equation 11. Departure from the paper: the quadratic problem is solved exactly.

    Args:
        scale: `"sum"`: the sum is projected. `"paper"`: the mean.

    Example:

    >>> import keras_mtl.weighting
    >>> dualproj = keras_mtl.weighting.get("dualproj", scale="paper")
    >>> dualproj.aggregate([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]]).round(4)
    array([0.5556, 1.1111, 1.1111])
    """

    def solve(self, problem: GramianProblem, state: State) -> tuple[Any, State]:
        weights = dual_cone_weights(
            problem.gramian, problem.active[None], problem.tolerance
        )
        return weights[0], state

    def paper_factor(self, problem: GramianProblem) -> Any:
        return 1.0 / problem.count

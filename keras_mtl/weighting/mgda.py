"""The shortest vector in the convex hull of the gradients."""

from typing import Any

import keras

from keras_mtl.weighting.base import State
from keras_mtl.weighting.gramian_weighting import GramianProblem, GramianWeighting
from keras_mtl.weighting.solvers.nonnegative import minimum_norm_weights


@keras.saving.register_keras_serializable(package="keras_mtl")
class MGDA(GramianWeighting):
    """MGDA: multiple-gradient descent, `min_w |J^T w|` over the simplex.

    Desideri 2012; Sener and Koltun 2018, "Multi-task learning as multi-objective
    optimization", equation 3. To first order, no task gets worse. The task with the
    smallest gradient dominates the update. Departure from the papers: the problem is
    solved exactly, by an active-set method in place of the Frank-Wolfe steps of
    Algorithm 2.

    Args:
        scale: `"sum"`: the weights' sum is T. `"paper"`: it is 1.

    Example:

    >>> import keras_mtl.weighting
    >>> weights, state = keras_mtl.weighting.get("mgda")([[18.0, -22.0], [-22.0, 38.0]])
    >>> weights.numpy().round(5)
    array([1.2, 0.8], dtype=float32)
    """

    def solve(self, problem: GramianProblem, state: State) -> tuple[Any, State]:
        weights = minimum_norm_weights(
            problem.gramian, problem.active, problem.tolerance
        )
        return weights * problem.count, state

    def paper_factor(self, problem: GramianProblem) -> Any:
        return 1.0 / problem.count

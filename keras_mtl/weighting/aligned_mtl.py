"""Gradients that are made orthogonal and equally long."""

from typing import Any

import keras
from keras import ops

from keras_mtl.weighting.base import State
from keras_mtl.weighting.gramian_weighting import GramianProblem, GramianWeighting
from keras_mtl.weighting.solvers.spectral import kept_eigenvalues


@keras.saving.register_keras_serializable(package="keras_mtl")
class AlignedMTL(GramianWeighting):
    """Aligned-MTL: alignment of the principal components of the gradients.

    Senushkin, Patakin, Kuznetsov and Konushin 2023, "Independent component alignment
    for multi-task learning", Algorithm 1: the weights are `sqrt(lambda_min) V L^{-1/2}
    V^T u`, with the nonzero eigenvalues `L` of the Gramian, their eigenvectors `V` and
    equal preferences `u`.

    Args:
        scale: `"sum"`: u = 1. `"paper"`: u = 1 / T.

    Example:

    >>> import keras_mtl.weighting
    >>> aligned = keras_mtl.weighting.get("aligned-mtl", scale="paper")
    >>> aligned.aggregate([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]]).round(4)
    array([0.2133, 0.9673, 0.9673])
    """

    def solve(self, problem: GramianProblem, state: State) -> tuple[Any, State]:
        values, vectors, kept = kept_eigenvalues(problem.gramian, problem.tolerance)
        least = ops.min(ops.where(kept > 0, values, float("inf")))
        least = ops.where(ops.isinf(least), 0.0, least)
        shrunk = ops.matmul(problem.active, vectors) * kept * ops.sqrt(least / values)
        return ops.matmul(vectors, shrunk), state

    def paper_factor(self, problem: GramianProblem) -> Any:
        return 1.0 / problem.count

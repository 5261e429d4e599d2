"""The update with equal projections on all gradients."""

from typing import Any

import keras
from keras import ops

from keras_mtl.weighting.base import State
from keras_mtl.weighting.gramian_weighting import GramianProblem, GramianWeighting
from keras_mtl.weighting.solvers.spectral import pseudo_solve, unit_gramian


@keras.saving.register_keras_serializable(package="keras_mtl")
class IMTLG(GramianWeighting):
    """IMTL-G: impartial multi-task learning by gradients.

    Liu, Li, Kuang, Xue, Chen, Yang, Liao and Zhang 2021, "Towards impartial multi-task
    learning", equations 4 to 6: the weights sum to 1 and make the inner products of the
    update with all unit gradients equal. They may be negative.

    Departure from the paper: equation 6 inverts a matrix that is singular if gradients
    are linearly dependent. Here `G w ~ (|g_1|, ..., |g_T|)` is solved with the
    pseudo-inverse, by least squares if no exact solution exists. If the sum of the
    weights is 0, as for opposite gradients, the update is 0.

    Args:
        scale: `"sum"`: the weights' sum is T. `"paper"`: it is 1.

    Example:

    >>> import keras_mtl.weighting
    >>> imtl_g = keras_mtl.weighting.get("imtl-g", scale="paper")
    >>> imtl_g.aggregate([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]]).round(4)
    array([0.0767, 1.    , 1.    ])
    """

    def solve(self, problem: GramianProblem, state: State) -> tuple[Any, State]:
        # Both forms agree for independent gradients. The form with cosines is also
        # exact for gradients of very different lengths.
        cosines, norms = unit_gramian(problem.gramian)
        balanced, rank = pseudo_solve(cosines, problem.active, problem.tolerance)
        lengths = norms * problem.active
        dependent, _ = pseudo_solve(problem.gramian, lengths, problem.tolerance)
        weights = ops.where(rank >= problem.count, balanced / norms, dependent)
        total = ops.sum(weights)
        size = ops.sum(ops.abs(weights))
        vanishes = ops.abs(total) <= max(problem.tolerance, 1e-12) * size
        weights = weights / ops.where(vanishes, 1.0, total)
        return ops.where(vanishes, 0.0, weights * problem.count), state

    def paper_factor(self, problem: GramianProblem) -> Any:
        return 1.0 / problem.count

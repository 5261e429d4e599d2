"""The Nash bargaining solution."""

from typing import Any

import keras

from keras_mtl.weighting.base import State
from keras_mtl.weighting.gramian_weighting import GramianProblem, GramianWeighting
from keras_mtl.weighting.solvers.fair_weights import fair_weights


@keras.saving.register_keras_serializable(package="keras_mtl")
class NashMTL(GramianWeighting):
    """Nash-MTL: multi-task learning as a bargaining game, `G w = 1 / w`.

    Navon, Shamsian, Achituve, Maron, Kawaguchi, Chechik and Fetaya 2022, "Multi-task
    learning as a bargaining game", Claim 3.1: the update maximizes the product of the
    tasks' rates of descent, where `G` is the Gramian and `w` are the weights. If the
    loss of a task is multiplied by a number, the direction of the update does not
    change.

    The update of the paper always has the norm `sqrt(T)`. With `scale="sum"`, it is
    multiplied by the root of the sum of the gradients' squared norms.

    Departure from the paper: the equation is solved by Newton's method on the convex
    function that it is the gradient of, in place of the sequence of convex problems in
    Algorithm 1. Weights are computed at every step, and the update is not clipped: use
    the clipping of the optimizer.

    Args:
        scale: `"sum"` or `"paper"`.

    Example:

    >>> import keras_mtl.weighting
    >>> nash = keras_mtl.weighting.get("nash-mtl", scale="paper")
    >>> nash.aggregate([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]]).round(4)
    array([0.0766, 0.9985, 0.9985])
    """

    def solve(self, problem: GramianProblem, state: State) -> tuple[Any, State]:
        weights = fair_weights(problem.gramian, problem.active, 1.0, problem.tolerance)
        return weights, state

    def paper_factor(self, problem: GramianProblem) -> Any:
        return problem.trace**-0.5

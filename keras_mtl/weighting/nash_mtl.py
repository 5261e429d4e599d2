"""The Nash bargaining solution."""

from typing import Any

import keras

from keras_mtl.weighting.base import State
from keras_mtl.weighting.gramian_weighting import GramianProblem, GramianWeighting
from keras_mtl.weighting.solvers.fair_weights import fair_weights


@keras.saving.register_keras_serializable(package="keras_mtl")
class NashMTL(GramianWeighting):
    """Multi-task learning as a bargaining game: `G w = 1 / w`.

    Navon, Shamsian, Achituve, Maron, Kawaguchi, Chechik and Fetaya 2022,
    "Multi-task learning as a bargaining game", Claim 3.1: the update that
    maximises the product of the tasks' rates of descent. It doesn't change
    when a task's loss is multiplied by a number, but for its length.

    The paper's update has the length `sqrt(T)` whatever the gradients are. In
    the scale of the sum, the default, it is multiplied by the root of the sum
    of their squared norms.

    Departure: the equation is solved, by Newton's method on the convex
    function whose gradient it is, in place of Algorithm 1's sequence of convex
    problems, which needs a solver of its own and starts from the last step's
    answer. Weights can be kept for several steps, and the update be clipped, by
    the training loop and the optimizer.

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

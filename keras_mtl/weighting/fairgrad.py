"""The alpha-fair update."""

from typing import Any

import keras
from keras import ops

from keras_mtl.weighting.base import State
from keras_mtl.weighting.gramian_weighting import GramianProblem, GramianWeighting
from keras_mtl.weighting.solvers.fair_weights import fair_weights


@keras.saving.register_keras_serializable(package="keras_mtl")
class FairGrad(GramianWeighting):
    """Fair resource allocation: `G w = w^{-1 / alpha}`.

    Ban and Ji 2024, "Fair resource allocation in multi-task learning",
    equation 5: the update that maximises the alpha-fair sum of the tasks'
    rates of descent. `alpha = 1` is proportional fairness; the larger it is,
    the more the worst-off task counts.

    The paper's weights fall as the gradients grow, so that the length of its
    update hardly depends on them (not at all with alpha 1, where it is
    `sqrt(T)`). In the scale of the sum, the default, the update is that of
    gradients whose squared norms add up to 1, times a factor that makes it
    homogeneous.

    Departure: tasks that are stationary have no finite solution; an addition
    of 1e-10 of their squared norms to the Gramian's diagonal makes it finite.

    Args:
        alpha: The fairness, above 0.
        scale: `"sum"` or `"paper"`.

    Example:

    >>> import keras_mtl.weighting
    >>> fairgrad = keras_mtl.weighting.get("fairgrad", scale="paper")
    >>> fairgrad.aggregate([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]]).round(4)
    array([0.0766, 0.9985, 0.9985])
    """

    def __init__(self, alpha: float = 1.0, scale: str = "sum") -> None:
        super().__init__(scale)
        if alpha <= 0:
            raise ValueError(
                "Invalid value received for argument `alpha`. Expected a number "
                f"above 0. Received: alpha={alpha}"
            )
        self.alpha = alpha

    def solve(self, problem: GramianProblem, state: State) -> tuple[Any, State]:
        weights = fair_weights(
            problem.gramian, problem.active, self.alpha, problem.tolerance
        )
        return weights, state

    def paper_factor(self, problem: GramianProblem) -> Any:
        return ops.power(problem.trace, -self.alpha / (1.0 + self.alpha))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}

"""The alpha-fair update."""

from typing import Any

import keras
from keras import ops

from keras_mtl.weighting.base import State
from keras_mtl.weighting.gramian_weighting import GramianProblem, GramianWeighting
from keras_mtl.weighting.solvers.fair_weights import fair_weights


@keras.saving.register_keras_serializable(package="keras_mtl")
class FairGrad(GramianWeighting):
    """FairGrad: fair resource allocation, `G w = w^{-1 / alpha}`.

    Ban and Ji 2024, "Fair resource allocation in multi-task learning", equation 5: the
    update maximizes the alpha-fair sum of the tasks' rates of descent, where `G` is the
    Gramian and `w` are the weights. `alpha = 1` is proportional fairness. The larger
    `alpha`, the more the task with the slowest descent counts.

    The weights of the paper decrease as the gradients grow, so the norm of its update
    hardly depends on them (with alpha 1 it is always `sqrt(T)`). With `scale="sum"`,
    the gradients are first scaled so that their squared norms sum to 1, and the update
    is multiplied by a factor that makes it proportional to the gradients.

    Departure from the paper: stationary tasks have no finite solution. To make it
    finite, 1e-10 of their squared norms is added to the diagonal of the Gramian.

    Args:
        alpha: The exponent of the fairness, above 0.
        scale: `"sum"` or `"paper"`.

    Example:

    >>> import keras_mtl.weighting
    >>> fairgrad = keras_mtl.weighting.get("fairgrad", scale="paper")
    >>> fairgrad.aggregate([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]]).round(4)
    array([0.0766, 0.9985, 0.9985])
    """

    plain_numbers = ("alpha",)

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

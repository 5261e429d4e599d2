"""Gradients without their conflicting components."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_mtl.weighting._noise import seed_state, uniform
from keras_mtl.weighting.base import State
from keras_mtl.weighting.gramian_weighting import GramianProblem, GramianWeighting
from keras_mtl.weighting.solvers.visits import visit_others


@keras.saving.register_keras_serializable(package="keras_mtl")
class PCGrad(GramianWeighting):
    """PCGrad: the sum of the gradients after projecting conflicting ones.

    Yu, Kumar, Gupta, Levine, Hausman and Finn 2020, "Gradient surgery for multi-task
    learning", Algorithm 1: the gradient of each task is compared with the original
    gradients of the other tasks in a random order. If the inner product is negative at
    that moment, the component along the other gradient is removed. Each changed
    gradient is a linear combination of the original gradients, whose coefficients
    depend only on the Gramian. The changed gradients are summed, as in the paper.

    Args:
        seed: The seed of the `keras.random.SeedGenerator` of the orders.

    Example:

    >>> import keras_mtl.weighting
    >>> pcgrad = keras_mtl.weighting.get("pcgrad", seed=1)
    >>> pcgrad.aggregate([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]]).round(4)
    array([0.5848, 3.8012, 3.8012])
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__()
        self.seed = seed

    def initial_state(
        self,
        tasks_count: int,
        parameters_count: int | None = None,
        kinds: Sequence[str] | None = None,
    ) -> State:
        return seed_state(self.seed)

    def solve(self, problem: GramianProblem, state: State) -> tuple[Any, State]:
        gramian = problem.gramian
        numbers, seed = uniform(state["seed"], gramian.shape)

        def remove(
            other: Any, product: Any, length: Any, other_length: Any, kept: Any
        ) -> tuple[Any, Any]:
            part = ops.minimum(product, 0.0)
            return -ops.divide_no_nan(part, ops.square(other_length)), kept

        coefficients, _ = visit_others(gramian, numbers, remove, ())
        return ops.matmul(problem.active, coefficients), {"seed": seed}

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed}

"""Gradients with one random sign per entry."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_mtl.weighting._noise import seed_state, uniform
from keras_mtl.weighting.base import State
from keras_mtl.weighting.jacobian_aggregator import JacobianAggregator, JacobianProblem


@keras.saving.register_keras_serializable(package="keras_mtl")
class GradDrop(JacobianAggregator):
    """GradDrop: gradient sign dropout, which keeps one sign per parameter.

    Chen, Ngiam, Huang, Luong, Kretzschmar, Chai and Anguelov 2020, "Just pick a sign",
    equation 1 and Algorithm 1, lines 10 to 15, on the gradients of the shared
    parameters. For each parameter, either the positive gradients are kept, with the
    probability `(1 + sum g / sum |g|) / 2`, or the negative ones. The kept gradients
    are summed, as in the paper.

    Args:
        leak: The share of every gradient that is always kept, between 0 and 1.
        seed: The seed of the `keras.random.SeedGenerator`.

    Example:

    >>> import keras_mtl.weighting
    >>> graddrop = keras_mtl.weighting.get("graddrop", seed=2)
    >>> graddrop.aggregate([[-4.0, 1.0, 1.0], [4.0, 1.0, 1.0]])
    array([4., 2., 2.])
    """

    plain_numbers = ("leak",)

    def __init__(self, leak: float = 0.0, seed: int | None = None) -> None:
        super().__init__()
        if not 0 <= leak <= 1:
            raise ValueError(
                "Invalid value received for argument `leak`. Expected a number "
                f"between 0 and 1. Received: leak={leak}"
            )
        self.leak = leak
        self.seed = seed

    def initial_state(
        self,
        tasks_count: int,
        parameters_count: int | None = None,
        kinds: Sequence[str] | None = None,
    ) -> State:
        return seed_state(self.seed)

    def combine(self, problem: JacobianProblem, state: State) -> tuple[Any, State]:
        jacobian = problem.jacobian
        total = ops.sum(jacobian, axis=0)
        size = ops.sum(ops.abs(jacobian), axis=0)
        purity = 0.5 * (1.0 + ops.divide_no_nan(total, size))
        numbers, seed = uniform(state["seed"], (jacobian.shape[1],))
        sign = ops.where(purity > ops.cast(numbers, purity.dtype), 1.0, -1.0)
        sign = ops.cast(sign, jacobian.dtype)
        kept = ops.sum(ops.where(jacobian * sign > 0, jacobian, 0.0), axis=0)
        return self.leak * total + (1.0 - self.leak) * kept, {"seed": seed}

    def get_config(self) -> dict[str, Any]:
        return {"leak": self.leak, "seed": self.seed}

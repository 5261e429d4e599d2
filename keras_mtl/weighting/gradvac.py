"""Gradients that are turned until their cosines reach a moving target."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_mtl.weighting._noise import seed_state, uniform
from keras_mtl.weighting.base import State
from keras_mtl.weighting.gramian_weighting import GramianProblem, GramianWeighting
from keras_mtl.weighting.solvers.visits import visit_others

# At a cosine of 1 the turned gradient would be infinitely long.
_HIGHEST_TARGET = 0.999


@keras.saving.register_keras_serializable(package="keras_mtl")
class GradVac(GramianWeighting):
    """GradVac: gradient vaccine, which raises cosines to their moving averages.

    Wang, Tsvetkov, Firat and Cao 2021, "Gradient vaccine", Algorithm 1 and equations 2
    and 3: as in `pcgrad`, each gradient is compared with the others in a random order.
    If its cosine with another gradient is below the target of the pair, a multiple of
    the other gradient is added that raises the cosine to the target. Then the target
    moves toward the cosine from before. The first call, whose targets are 0, equals
    `pcgrad`. The changed gradients are summed, as in the paper.

    Departure from the paper: a target above 0.999 counts as 0.999. All shared
    parameters are one group of gradients.

    Args:
        beta: The rate at which a target moves toward the cosine.
        seed: The seed of the `keras.random.SeedGenerator` of the orders.

    State: `targets` (T, T), where row i has the targets of task i; and `seed`.

    Example:

    >>> import keras_mtl.weighting
    >>> gradvac = keras_mtl.weighting.get("gradvac", seed=1)
    >>> gradvac.aggregate([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]]).round(4)
    array([0.5848, 3.8012, 3.8012])
    """

    plain_numbers = ("beta",)

    def __init__(self, beta: float = 0.5, seed: int | None = None) -> None:
        super().__init__()
        if not 0 <= beta <= 1:
            raise ValueError(
                "Invalid value received for argument `beta`. Expected a number "
                f"between 0 and 1. Received: beta={beta}"
            )
        self.beta = beta
        self.seed = seed

    def initial_state(
        self,
        tasks_count: int,
        parameters_count: int | None = None,
        kinds: Sequence[str] | None = None,
    ) -> State:
        targets = np.zeros((tasks_count, tasks_count), "float32")
        return {"targets": targets, **seed_state(self.seed)}

    def solve(self, problem: GramianProblem, state: State) -> tuple[Any, State]:
        gramian = problem.gramian
        numbers, seed = uniform(state["seed"], gramian.shape)

        def turn(
            other: Any, product: Any, length: Any, other_length: Any, targets: Any
        ) -> tuple[Any, Any]:
            cosine = ops.divide_no_nan(product, length * other_length)
            cosine = ops.clip(cosine, -1.0, 1.0)
            target = ops.minimum(ops.sum(targets * other, axis=1), _HIGHEST_TARGET)
            sine = ops.sqrt(1.0 - ops.square(cosine))
            target_sine = ops.sqrt(1.0 - ops.square(target))
            change = length * (target * sine - cosine * target_sine)
            change = ops.divide_no_nan(change, other_length * target_sine)
            step = self.beta * (cosine[:, None] - targets)
            return ops.where(cosine < target, change, 0.0), targets + step * other

        coefficients, targets = visit_others(gramian, numbers, turn, state["targets"])
        active = problem.active
        targets = ops.where(
            active[:, None] * active[None, :] > 0, targets, state["targets"]
        )
        weights = ops.matmul(active, coefficients)
        return weights, {"targets": targets, "seed": seed}

    def get_config(self) -> dict[str, Any]:
        return {"beta": self.beta, "seed": self.seed}

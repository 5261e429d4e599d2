"""Random weights."""

from collections.abc import Sequence
from typing import Any

import keras

from keras_mtl.weighting._noise import normal, seed_state
from keras_mtl.weighting.base import State
from keras_mtl.weighting.loss_weighting import LossProblem, LossWeighting


@keras.saving.register_keras_serializable(package="keras_mtl")
class RLW(LossWeighting):
    """RLW: random loss weighting, the softmax of normal noise at each step.

    Lin, Ye, Zhang and Tsang 2022, "Reasonable effectiveness of random weighting",
    Algorithm 2. The weights of the paper sum to 1, so steps are T times smaller than
    those of the sum of the losses. Here the weights sum to T, or to 1 with
    `scale="paper"`.

    Args:
        seed: The seed of the `keras.random.SeedGenerator`.
        scale: `"sum"` or `"paper"`.

    Example:

    >>> import keras_mtl.weighting
    >>> weights, state = keras_mtl.weighting.get("rlw", seed=1)([0.3, 2.0])
    >>> float(sum(weights).numpy().round(5))
    2.0
    """

    weighs_by_losses = False

    def __init__(self, seed: int | None = None, scale: str = "sum") -> None:
        super().__init__(scale)
        self.seed = seed

    def initial_state(
        self,
        tasks_count: int,
        parameters_count: int | None = None,
        kinds: Sequence[str] | None = None,
    ) -> State:
        return seed_state(self.seed)

    def weigh(self, problem: LossProblem, state: State) -> tuple[Any, State]:
        noise, seed = normal(state["seed"], problem.losses.shape)
        weights = problem.shares(noise)
        if self.scale == "sum":
            weights = weights * problem.count
        return weights, {"seed": seed}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed}

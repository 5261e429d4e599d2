"""Weights from the rates of decrease of the losses over the last epochs."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_mtl.weighting.base import State
from keras_mtl.weighting.loss_weighting import LossProblem, LossWeighting


@keras.saving.register_keras_serializable(package="keras_mtl")
class DWA(LossWeighting):
    """DWA: dynamic weight average, which favors tasks whose loss decreases slowly.

    Liu, Johns and Davison 2019, "End-to-end multi-task learning with attention",
    equation 7: the weights are `T softmax(L(e - 1) / L(e - 2) / temperature)` with the
    mean losses of the two previous epochs, and 1 in the first two epochs. If the loss
    of a task was 0 or is unknown, its ratio is 1, that of a constant loss.

    Args:
        temperature: The temperature of the softmax: the higher, the more equal the
            weights.

    State: `total` and `batches` (T,) of the current epoch; `last` and `before_last`
    (T,) mean losses, -1 if unknown.

    Example:

    >>> import keras_mtl.weighting
    >>> method = keras_mtl.weighting.get("dwa")
    >>> state = method.initial_state(2)
    >>> for losses in ([4.0, 1.0], [2.0, 1.0]):
    ...     _, state = method(losses, state)
    ...     state = method.end_of_epoch(state)
    >>> method([2.0, 1.0], state)[0].numpy().round(3)
    array([0.876, 1.124], dtype=float32)
    """

    needs_end_of_epoch = True
    plain_numbers = ("temperature",)

    def __init__(self, temperature: float = 2.0) -> None:
        super().__init__()
        if temperature <= 0:
            raise ValueError(
                "Invalid value received for argument `temperature`. Expected a "
                f"number above 0. Received: temperature={temperature}"
            )
        self.temperature = temperature

    def initial_state(
        self,
        tasks_count: int,
        parameters_count: int | None = None,
        kinds: Sequence[str] | None = None,
    ) -> State:
        zeros = np.zeros(tasks_count, "float32")
        return {
            "total": zeros,
            "batches": zeros,
            "last": zeros - 1,
            "before_last": zeros - 1,
        }

    def weigh(self, problem: LossProblem, state: State) -> tuple[Any, State]:
        known = ops.logical_and(state["before_last"] > 0, state["last"] >= 0)
        rate = ops.where(
            known, state["last"] / ops.where(known, state["before_last"], 1.0), 1.0
        )
        weights = problem.count * problem.shares(rate / self.temperature)
        new_state = {
            **state,
            "total": state["total"] + problem.active * problem.losses,
            "batches": state["batches"] + problem.active,
        }
        return weights, new_state

    def end_of_epoch(self, state: State) -> State:
        seen = state["batches"] > 0
        mean = state["total"] / ops.where(seen, state["batches"], 1.0)
        return {
            "total": ops.zeros_like(state["total"]),
            "batches": ops.zeros_like(state["batches"]),
            "last": ops.where(seen, mean, state["last"]),
            "before_last": ops.where(seen, state["last"], state["before_last"]),
        }

    def get_config(self) -> dict[str, Any]:
        return {"temperature": self.temperature}

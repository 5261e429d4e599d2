"""Adam as a pure function, for the learned numbers of a method."""

from typing import Any

import numpy as np
from keras import ops

__all__ = ["adam_state", "adam_step"]


def adam_state(tasks_count: int) -> dict[str, np.ndarray]:
    """Return the state before the first step, for `tasks_count` numbers."""
    return {
        "momentum": np.zeros(tasks_count, "float32"),
        "velocity": np.zeros(tasks_count, "float32"),
        "steps": np.zeros(tasks_count, "float32"),
    }


def adam_step(
    gradient: Any, state: dict[str, Any], learning_rate: float, active: Any
) -> tuple[Any, dict[str, Any]]:
    """Return the change of the numbers, and the new state.

    See Kingma and Ba 2015, Algorithm 1, with the defaults of the paper. The numbers of
    tasks without a label do not change, and their steps are not counted.

    Args:
        gradient: The gradient, (T,).
        state: A state with the entries of `adam_state`, and perhaps others.
        learning_rate: The step size.
        active: 1 for the numbers to change, 0 for the others, (T,).
    """
    steps = state["steps"] + active
    momentum = 0.9 * state["momentum"] + 0.1 * gradient
    momentum = ops.where(active > 0, momentum, state["momentum"])
    velocity = 0.999 * state["velocity"] + 0.001 * ops.square(gradient)
    velocity = ops.where(active > 0, velocity, state["velocity"])
    counted = ops.maximum(steps, 1.0)
    unbiased = momentum / (1.0 - ops.power(0.9, counted))
    spread = ops.sqrt(velocity / (1.0 - ops.power(0.999, counted)))
    change = -learning_rate * active * ops.divide_no_nan(unbiased, spread)
    return change, {"momentum": momentum, "velocity": velocity, "steps": steps}

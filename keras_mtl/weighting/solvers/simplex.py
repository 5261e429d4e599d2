"""Steps on the probability simplex."""

from typing import Any

from keras import ops

__all__ = ["project_on_simplex", "step_on_simplex"]


def project_on_simplex(vector: Any, active: Any) -> Any:
    """Return the closest point of the simplex over the active tasks.

    Args:
        vector: The vector to project, (T,).
        active: 1 for the active tasks, 0 for the others, which get 0, (T,).
    """
    highest = ops.max(ops.where(active > 0, vector, float("-inf")))
    highest = ops.where(ops.isinf(highest), 0.0, highest)
    # The threshold is at most 1 below the largest value; lower values do not matter.
    vector = ops.where(active > 0, vector, highest - 2.0)
    falling = -ops.sort(-vector)
    places = ops.cast(ops.arange(1, vector.shape[0] + 1), vector.dtype)
    threshold = ops.max((ops.cumsum(falling) - 1.0) / places)
    return ops.maximum(vector - threshold, 0.0) * active


def step_on_simplex(weights: Any, step: Any, active: Any) -> tuple[Any, Any]:
    """Apply `step` to the active tasks, and keep the share of the others.

    Args:
        weights: A point of the simplex over all tasks, (T,).
        step: A function from the weights of the active tasks, (T,), with the sum 1, to
            the vector that is projected back.
        active: 1 for the active tasks, 0 for the others, (T,).

    Returns:
        The new weights of the active tasks, (T,), with the sum 1; and the new point of
        the simplex over all tasks, (T,).
    """
    share = ops.sum(weights * active)
    count = ops.maximum(ops.sum(active), 1.0)
    # If all active tasks have the weight 0, they start again from equal weights.
    own = ops.where(share > 0, weights / ops.where(share > 0, share, 1.0), 1.0 / count)
    moved = project_on_simplex(step(own * active), active)
    return moved, ops.where(active > 0, moved * share, weights)

"""Steps on the probability simplex."""

from typing import Any

from keras import ops

__all__ = ["project_on_simplex", "step_on_simplex"]


def project_on_simplex(vector: Any, active: Any) -> Any:
    """Return the nearest point of the simplex over the active tasks.

    Args:
        vector: (T,).
        active: (T,) 1 for the tasks that count; the others get 0.
    """
    highest = ops.max(ops.where(active > 0, vector, float("-inf")))
    highest = ops.where(ops.isinf(highest), 0.0, highest)
    # The threshold lies within 1 below the highest: lower values don't matter.
    vector = ops.where(active > 0, vector, highest - 2.0)
    falling = -ops.sort(-vector)
    places = ops.cast(ops.arange(1, vector.shape[0] + 1), vector.dtype)
    threshold = ops.max((ops.cumsum(falling) - 1.0) / places)
    return ops.maximum(vector - threshold, 0.0) * active


def step_on_simplex(weights: Any, step: Any, active: Any) -> tuple[Any, Any]:
    """Take `step` within the active tasks; what the others hold stays theirs.

    Args:
        weights: (T,) a point of the simplex over all tasks.
        step: A function from the (T,) weights of the active tasks, with the
            sum 1, to what is projected back.
        active: (T,) 1 for the tasks that count.

    Returns:
        (T,) the new weights of the active tasks, with the sum 1; and the new
        point of the simplex over all tasks.
    """
    share = ops.sum(weights * active)
    count = ops.maximum(ops.sum(active), 1.0)
    # Tasks that all stand at 0 start anew, from equal weights.
    own = ops.where(share > 0, weights / ops.where(share > 0, share, 1.0), 1.0 / count)
    moved = project_on_simplex(step(own * active), active)
    return moved, ops.where(active > 0, moved * share, weights)

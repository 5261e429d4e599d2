"""One network per task, computed at once: the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras_mtl.architectures._frame import Features, build_framed
from keras_mtl.architectures._stacks import stacked_trunk
from keras_mtl.architectures.heads import build_heads
from keras_mtl.architectures.settings import SingleTaskSettings
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import Task

__all__ = ["build_single_task", "equal_widths"]


def build_single_task(
    features: Features,
    tasks: Sequence[Task],
    settings: SingleTaskSettings | None = None,
    name: str = "single_task",
) -> MultiTaskModel:
    """Build single-task networks, which share nothing, as one model.

    Each task has its own trunk and head, so no task affects another task. This is the
    baseline for measuring the benefit of sharing. All trunks are computed as one
    batched product. Since nothing is shared, a weighting by gradients has no effect.

    Args:
        features: See `build_hard_sharing`.
        tasks: The resolved tasks.
        settings: The settings; see `SingleTaskSettings`.
        name: The model's name.

    Returns:
        A `MultiTaskModel` with a dict of outputs by task name.

    Raises:
        ValueError: See `build_hard_sharing`.

    Example:

    >>> from keras_mtl.tasks import BinaryTask
    >>> tasks = [BinaryTask("heart"), BinaryTask("stroke")]
    >>> build_single_task(12, tasks).count_params()
    5186
    >>> build_single_task(
    ...     12, tasks, SingleTaskSettings(equal="parameters")
    ... ).count_params()
    2526
    """
    settings = settings or SingleTaskSettings()
    count = len(tasks)

    def body(hidden: Any) -> dict[str, Any]:
        widths = settings.trunk
        if settings.equal == "parameters":
            widths = equal_widths(hidden.shape[-1], widths, count)
        hidden = stacked_trunk(hidden, count, widths, settings, "trunk", by_task=True)
        return build_heads(hidden, tasks, settings.activation, settings.batch_norm)

    return build_framed(features, tasks, body, name, settings.input_dropout)


def equal_widths(features: int, widths: Sequence[int], parts: int) -> tuple[int, ...]:
    """Return widths of trunks that together have about the parameters of one trunk.

    Args:
        features: The width of the input.
        widths: The widths of the single trunk.
        parts: The number of trunks.

    Returns:
        The largest widths, in the proportions of `widths` and at least 1, whose trunks
        together have at most the parameters of the single trunk.

    Example:

    >>> equal_widths(12, (32, 64), parts=2)
    (21, 43)
    """
    most = _dense_parameters(features, widths) / parts
    # The number of parameters grows with the widths, so their common factor is found by
    # bisection.
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        if _dense_parameters(features, _scaled(widths, middle)) <= most:
            low = middle
        else:
            high = middle
    return _scaled(widths, 1.0 if parts == 1 else low)


def _scaled(widths: Sequence[int], factor: float) -> tuple[int, ...]:
    return tuple(max(1, int(width * factor)) for width in widths)


def _dense_parameters(features: int, widths: Sequence[int]) -> int:
    sizes = [features, *widths]
    return sum((size + 1) * width for size, width in zip(sizes, widths, strict=False))

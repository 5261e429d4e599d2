"""Progressive layered extraction (Tang et al. 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from keras_mtl.architectures._frame import Features, build_framed
from keras_mtl.architectures._stacks import build_gate, check_trunk, stacked_trunk
from keras_mtl.architectures.heads import build_heads
from keras_mtl.architectures.settings import ProgressiveExtractionSettings
from keras_mtl.layers import MixExperts, MixOwnExperts, RepeatStack
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import Task

__all__ = ["build_ple"]


def build_ple(
    features: Features,
    tasks: Sequence[Task],
    settings: ProgressiveExtractionSettings | None = None,
    name: str = "ple",
) -> MultiTaskModel:
    """Build progressive layered extraction (PLE): levels of task and shared experts.

    Each level has experts of each task and shared experts. The experts of a task read
    the task's stream, and the shared experts read the shared stream; on the first
    level, all streams are the input. The gate of a task, a softmax of the task's
    stream, mixes the task's own experts and the shared experts into the task's next
    stream. On every level except the last, a gate on the shared stream mixes all
    experts into the next shared stream (Tang et al. 2020, equations 3 to 6).

    Args:
        features: See `build_hard_sharing`.
        tasks: The resolved tasks.
        settings: The settings; see `ProgressiveExtractionSettings`.
        name: The model's name.

    Returns:
        A `MultiTaskModel` with a dict of outputs by task name.

    Raises:
        ValueError: See `build_hard_sharing`.
        UserError: If the trunk, which gives the layers of the experts, is empty.

    Example:

    >>> from keras_mtl.tasks import BinaryTask
    >>> tasks = [BinaryTask("heart"), BinaryTask("stroke")]
    >>> model = build_ple(12, tasks, ProgressiveExtractionSettings(trunk=(16,)))
    >>> [model.get_layer(f"level_{i}_gate").output.shape for i in (1, 2)]
    [(2, 2, None), (2, 2, None)]
    >>> model.get_layer("level_1_shared_gate").output.shape
    (1, 3, None)
    """
    settings = settings or ProgressiveExtractionSettings()
    check_trunk(settings, name)

    def body(hidden: Any) -> dict[str, Any]:
        stream = shared = hidden
        for level in range(1, settings.levels + 1):
            is_last = level == settings.levels
            stream, shared = _level(
                stream, shared, len(tasks), settings, f"level_{level}", is_last
            )
        return build_heads(stream, tasks, settings.activation, settings.batch_norm)

    return build_framed(features, tasks, body, name, settings.input_dropout)


def _level(
    stream: Any,
    shared: Any,
    tasks: int,
    settings: ProgressiveExtractionSettings,
    name: str,
    is_last: bool,
) -> tuple[Any, Any]:
    """Return the streams of the tasks, (T, width, N), and the shared stream.

    Args:
        stream: The tasks' streams: the input, (N, width), or (T, width, N).
        shared: The shared stream: the input, (N, width), or (1, width, N).
        tasks: The number of tasks, T.
        settings: The settings.
        name: The prefix of the layers' names.
        is_last: Whether no level follows. Then a task's own experts are used by this
            task only, and no shared stream is returned.
    """
    own_count, shared_count = settings.experts, settings.shared_experts
    own_inputs, shared_inputs = stream, shared
    if len(stream.shape) == 3:
        own_inputs = RepeatStack(own_count, name=f"{name}_own_inputs")(stream)
        shared_inputs = RepeatStack(shared_count, name=f"{name}_shared_inputs")(shared)
    own = stacked_trunk(
        own_inputs,
        tasks * own_count,
        settings.trunk,
        settings,
        f"{name}_own",
        by_task=is_last,
    )
    common = stacked_trunk(
        shared_inputs, shared_count, settings.trunk, settings, f"{name}_shared"
    )
    weights = build_gate(
        stream,
        tasks,
        own_count + shared_count,
        f"{name}_gate",
        # Before the last level, a task's stream reaches all tasks.
        by_task=is_last,
        dropout=settings.gate_dropout,
    )
    mixed = MixOwnExperts(name=f"{name}_mixed")([weights, own, common])
    if is_last:
        return mixed, None
    everything = keras.layers.Concatenate(axis=0, name=f"{name}_experts")([own, common])
    shared_weights = build_gate(
        shared,
        1,
        tasks * own_count + shared_count,
        f"{name}_shared_gate",
        by_task=False,
        dropout=settings.gate_dropout,
    )
    next_shared = MixExperts(name=f"{name}_shared_mixed")([shared_weights, everything])
    return mixed, next_shared

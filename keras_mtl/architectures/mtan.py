"""A shared trunk that each task reads through masks: MTAN (Liu et al. 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from keras_mtl.architectures._frame import Features, build_framed
from keras_mtl.architectures._stacks import check_trunk
from keras_mtl.architectures.blocks import dense_block
from keras_mtl.architectures.heads import build_heads
from keras_mtl.architectures.settings import AttentionSettings
from keras_mtl.layers import MaskRows, StackedActivation, StackedDense
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import Task

__all__ = ["build_mtan"]


def build_mtan(
    features: Features,
    tasks: Sequence[Task],
    settings: AttentionSettings | None = None,
    name: str = "mtan",
) -> MultiTaskModel:
    """Build MTAN: one trunk, and attention masks per task and layer.

    With the shared activations `h_l` of layer l, the activations of task t are `x_tl =
    sigmoid(A_tl h_l + B_tl x_t(l-1) + b_tl) h_l`, without the middle term in the first
    layer. The head reads the activations of the last layer. These are the attention
    modules of Liu et al. (2019), with one dense layer in place of convolutions. The
    learned masks are known to depend on the seed: compare several seeds.

    Args:
        features: See `build_hard_sharing`.
        tasks: The resolved tasks.
        settings: The settings; see `AttentionSettings`.
        name: The model's name.

    Returns:
        A `MultiTaskModel` with a dict of outputs by task name.

    Raises:
        ValueError: See `build_hard_sharing`.
        UserError: If the trunk is empty.

    Example:

    >>> from keras_mtl.tasks import BinaryTask
    >>> tasks = [BinaryTask("heart"), BinaryTask("stroke")]
    >>> build_mtan(12, tasks).get_layer("mask_2").output.shape
    (2, 64, None)
    """
    settings = settings or AttentionSettings()
    check_trunk(settings, name)

    def body(hidden: Any) -> dict[str, Any]:
        stream: Any = None
        for index, width in enumerate(settings.trunk, start=1):
            hidden = dense_block(
                hidden,
                width,
                settings.activation,
                settings.dropout,
                settings.batch_norm,
                f"trunk_{index}",
            )
            stream = _masked(hidden, stream, len(tasks), width, index)
        return build_heads(stream, tasks, settings.activation, settings.batch_norm)

    return build_framed(features, tasks, body, name, settings.input_dropout)


def _masked(hidden: Any, stream: Any, tasks: int, width: int, index: int) -> Any:
    """Return a layer's activations after the tasks' masks, (T, width, N)."""
    logits = StackedDense(tasks, width, by_task=True, name=f"mask_{index}_shared")(
        hidden
    )
    if stream is not None:
        own = StackedDense(
            tasks, width, use_bias=False, by_task=True, name=f"mask_{index}_own"
        )(stream)
        logits = keras.layers.Add(name=f"mask_{index}_sum")([logits, own])
    masks = StackedActivation("sigmoid", name=f"mask_{index}")(logits)
    return MaskRows(name=f"masked_{index}")([masks, hidden])

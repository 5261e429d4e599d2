"""Cross-stitch networks (Misra et al. 2016)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras_mtl.architectures._frame import Features, build_framed
from keras_mtl.architectures._stacks import stacked_block
from keras_mtl.architectures.heads import build_heads
from keras_mtl.architectures.settings import CrossStitchSettings
from keras_mtl.layers import CrossStitch
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import Task

__all__ = ["build_cross_stitch"]


def build_cross_stitch(
    features: Features,
    tasks: Sequence[Task],
    settings: CrossStitchSettings | None = None,
    name: str = "cross_stitch",
) -> MultiTaskModel:
    """Build a cross-stitch network: one trunk per task, mixed after each layer.

    After each layer of the trunks, `x_t = sum_j a_tj x_j` with learned weights `a`, per
    layer or per unit (Misra et al. 2016). `CrossStitch` describes the initial weights.

    The paper fine-tunes trained networks, with an initial `a_tt` of 0.9 and weights `a`
    that learn 10 to 1000 times faster. Trunks that are trained from scratch overfit
    with these settings. On synthetic tasks an initial `a_tt` of 0.5 and the same
    learning rate for all weights, the defaults here, had a lower validation loss.

    Args:
        features: See `build_hard_sharing`.
        tasks: The resolved tasks.
        settings: The settings; see `CrossStitchSettings`.
        name: The model's name.

    Returns:
        A `MultiTaskModel` with a dict of outputs by task name.

    Raises:
        ValueError: See `build_hard_sharing`.

    Example:

    >>> from keras_mtl.tasks import BinaryTask
    >>> tasks = [BinaryTask("heart"), BinaryTask("stroke")]
    >>> model = build_cross_stitch(12, tasks)
    >>> print(model.get_layer("stitch_2").stitches.round(2))
    [[0.5 0.5]
     [0.5 0.5]]
    """
    settings = settings or CrossStitchSettings()

    def body(hidden: Any) -> dict[str, Any]:
        for index, width in enumerate(settings.trunk, start=1):
            hidden = stacked_block(
                hidden, len(tasks), width, settings, f"trunk_{index}"
            )
            hidden = CrossStitch(
                settings.own,
                settings.per_unit,
                rate=settings.rate,
                # After the last layer, each row of the mix is used by one task.
                by_task=index == len(settings.trunk),
                name=f"stitch_{index}",
            )(hidden)
        return build_heads(hidden, tasks, settings.activation, settings.batch_norm)

    return build_framed(features, tasks, body, name, settings.input_dropout)

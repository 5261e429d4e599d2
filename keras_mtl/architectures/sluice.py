"""Sluice networks (Ruder et al. 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras_mtl._core.errors import UserError
from keras_mtl.architectures._frame import Features, build_framed
from keras_mtl.architectures._stacks import check_trunk, stacked_block
from keras_mtl.architectures.heads import build_heads
from keras_mtl.architectures.settings import SluiceSettings
from keras_mtl.layers import CrossStitch, MixLayers, SubspaceOverlap
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import Task

__all__ = ["build_sluice"]


def build_sluice(
    features: Features,
    tasks: Sequence[Task],
    settings: SluiceSettings | None = None,
    name: str = "sluice",
) -> MultiTaskModel:
    """Build a sluice network: one trunk per task, with mixed subspaces.

    The units of each task's layer are split into `subspaces` equal parts. After each
    layer, a learned matrix mixes all parts of all tasks. The head reads a learned mix
    of all layers, and a penalty keeps the subspaces of a task orthogonal (Ruder et al.
    2017). Layers of unequal width are concatenated for the head. On small data the many
    mixing weights overfit.

    Args:
        features: See `build_hard_sharing`.
        tasks: The resolved tasks.
        settings: The settings; see `SluiceSettings`.
        name: The model's name.

    Returns:
        A `MultiTaskModel` with a dict of outputs by task name.

    Raises:
        ValueError: See `build_hard_sharing`.
        UserError: If the trunk is empty, or a width is not a multiple of the number of
            subspaces.

    Example:

    >>> from keras_mtl.tasks import BinaryTask
    >>> tasks = [BinaryTask("heart"), BinaryTask("stroke")]
    >>> model = build_sluice(12, tasks)
    >>> model.get_layer("stitch_1").stitches.shape
    (4, 4)
    >>> print(model.get_layer("layers").weights_of_layers)
    [[0.5 0.5]
     [0.5 0.5]]
    """
    settings = settings or SluiceSettings()
    check_trunk(settings, name)
    odd = [str(width) for width in settings.trunk if width % settings.subspaces]
    if odd:
        raise UserError(
            f"model.trunk: expected widths that are multiples of the "
            f"{settings.subspaces} subspaces of {name}; received {', '.join(odd)}."
        )
    overlap = None
    if settings.overlap and settings.subspaces > 1:
        overlap = SubspaceOverlap(
            settings.overlap, settings.subspaces, setting="overlap"
        )

    def body(hidden: Any) -> dict[str, Any]:
        layers = []
        for index, width in enumerate(settings.trunk, start=1):
            hidden = stacked_block(
                hidden,
                len(tasks),
                width,
                settings,
                f"trunk_{index}",
                kernel_regularizer=overlap,
            )
            hidden = CrossStitch(
                settings.own,
                subspaces=settings.subspaces,
                rate=settings.rate,
                by_task=index == len(settings.trunk),
                name=f"stitch_{index}",
            )(hidden)
            layers.append(hidden)
        mixed = MixLayers(by_task=True, name="layers")(layers)
        return build_heads(mixed, tasks, settings.activation, settings.batch_norm)

    return build_framed(features, tasks, body, name, settings.input_dropout)

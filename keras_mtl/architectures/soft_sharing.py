"""One trunk per task, with weights that are pulled together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras_mtl.architectures._frame import Features, build_framed
from keras_mtl.architectures._stacks import stacked_block
from keras_mtl.architectures.heads import build_heads
from keras_mtl.architectures.settings import SoftSharingSettings
from keras_mtl.layers import SquaredDistance, TraceNorm
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import Task

__all__ = ["build_soft_sharing"]


def build_soft_sharing(
    features: Features,
    tasks: Sequence[Task],
    settings: SoftSharingSettings | None = None,
    name: str = "soft_sharing",
) -> MultiTaskModel:
    """Build soft sharing: one trunk per task and a penalty on their distance.

    The penalty is `strength` times a sum over the layers of the trunks. The terms are
    the squared distances between the tasks' weights and their mean (Duong et al. 2015),
    or the nuclear norm of the matrix that has one row of weights per task (Yang and
    Hospedales 2017). With strength 0 the tasks share nothing. The larger the strength
    of the squared distance, the closer the trunks are to each other. The initial
    weights of the trunks differ.

    No loss depends on the trunk of another task, so a weighting by gradients has no
    effect. The penalty is added once, with any weighting.

    Args:
        features: See `build_hard_sharing`.
        tasks: The resolved tasks.
        settings: The settings; see `SoftSharingSettings`.
        name: The model's name.

    Returns:
        A `MultiTaskModel` with a dict of outputs by task name.

    Raises:
        ValueError: See `build_hard_sharing`.

    Example:

    >>> from keras_mtl.tasks import BinaryTask
    >>> tasks = [BinaryTask("heart"), BinaryTask("stroke")]
    >>> model = build_soft_sharing(12, tasks, SoftSharingSettings(strength=0.1))
    >>> tuple(model.get_layer("trunk_1").kernel.shape)
    (2, 12, 32)
    >>> bool(sum(model.losses) > 0)
    True
    """
    settings = settings or SoftSharingSettings()

    def penalty() -> Any:
        if not settings.strength:
            return None
        if settings.penalty == "l2":
            return SquaredDistance(settings.strength, setting="strength")
        return TraceNorm(settings.strength, setting="strength")

    def body(hidden: Any) -> dict[str, Any]:
        for index, width in enumerate(settings.trunk, start=1):
            hidden = stacked_block(
                hidden,
                len(tasks),
                width,
                settings,
                f"trunk_{index}",
                by_task=True,
                kernel_regularizer=penalty(),
                bias_regularizer=penalty(),
            )
        return build_heads(hidden, tasks, settings.activation, settings.batch_norm)

    return build_framed(features, tasks, body, name, settings.input_dropout)

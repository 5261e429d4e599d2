"""Multi-gate mixture of experts (Ma et al. 2018)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras_mtl.architectures._frame import Features, build_framed
from keras_mtl.architectures._stacks import build_gate, check_trunk, stacked_trunk
from keras_mtl.architectures.heads import build_heads
from keras_mtl.architectures.settings import MixtureSettings
from keras_mtl.layers import MixExperts
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import Task

__all__ = ["build_mmoe"]


def build_mmoe(
    features: Features,
    tasks: Sequence[Task],
    settings: MixtureSettings | None = None,
    name: str = "mmoe",
) -> MultiTaskModel:
    """Build a multi-gate mixture of experts (MMoE): shared experts, one gate per task.

    The input of the head of task t is `f_t = sum_i softmax(W_t h)_i E_i(h)`, where h is
    the input of the model and the `E_i` are the experts (Ma et al. 2018). All experts
    are computed as one batched product. In training, a gate drops each expert at the
    rate `gate_dropout`, and the remaining weights are scaled to a sum of 1, so that no
    task relies on a single expert.

    Args:
        features: See `build_hard_sharing`.
        tasks: The resolved tasks.
        settings: The settings; see `MixtureSettings`.
        name: The model's name.

    Returns:
        A `MultiTaskModel` with a dict of outputs by task name.

    Raises:
        ValueError: See `build_hard_sharing`.
        UserError: If the trunk, which gives the layers of the experts, is empty.

    Example:

    >>> from keras_mtl.tasks import BinaryTask
    >>> tasks = [BinaryTask("heart"), BinaryTask("stroke")]
    >>> model = build_mmoe(12, tasks, MixtureSettings(experts=4, trunk=(16,)))
    >>> tuple(model.get_layer("experts_1").kernel.shape)
    (4, 12, 16)
    >>> model.get_layer("gate").output.shape
    (2, 4, None)
    """
    settings = settings or MixtureSettings()
    check_trunk(settings, name)

    def body(hidden: Any) -> dict[str, Any]:
        experts = stacked_trunk(
            hidden, settings.experts, settings.trunk, settings, "experts"
        )
        weights = build_gate(
            hidden,
            len(tasks),
            settings.experts,
            "gate",
            by_task=True,
            dropout=settings.gate_dropout,
        )
        mixed = MixExperts(name="mixed_experts")([weights, experts])
        return build_heads(mixed, tasks, settings.activation, settings.batch_norm)

    return build_framed(features, tasks, body, name, settings.input_dropout)

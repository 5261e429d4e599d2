"""Task and shared experts with HoME's gates (Wang et al. 2024)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from keras_mtl.architectures._frame import Features, build_framed
from keras_mtl.architectures._stacks import build_gate, check_trunk, stacked_trunk
from keras_mtl.architectures.heads import build_heads
from keras_mtl.architectures.settings import HomeSettings
from keras_mtl.layers import (
    ExpertGate,
    MaskRows,
    MixOwnExperts,
    StackedActivation,
    StackedDense,
)
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import Task

__all__ = ["build_home"]


def build_home(
    features: Features,
    tasks: Sequence[Task],
    settings: HomeSettings | None = None,
    name: str = "home",
) -> MultiTaskModel:
    """Build HoME experts: task and shared experts that are normalized and gated.

    The model is that of `build_cgc` with three changes (Wang et al. 2024, arXiv
    2408.05430). The experts are `Swish(BatchNorm(dense))`, so that their outputs have
    the same scale and no gate collapses onto one expert. Each expert reads the features
    through its own gate of low rank, `2 sigmoid(A B x) x`. A self gate adds the task's
    own experts to the mix, so that a task with few labels does not ignore them.

    The paper's hierarchy of groups of tasks is left out; `build_ple` has levels.

    Args:
        features: See `build_hard_sharing`.
        tasks: The resolved tasks.
        settings: The settings; see `HomeSettings`.
        name: The model's name.

    Returns:
        A `MultiTaskModel` with a dict of outputs by task name.

    Raises:
        ValueError: See `build_hard_sharing`.
        UserError: If the trunk, which gives the layers of the experts, is empty.

    Example:

    >>> from keras_mtl.tasks import BinaryTask
    >>> tasks = [BinaryTask("heart"), BinaryTask("stroke")]
    >>> model = build_home(12, tasks, HomeSettings(trunk=(16,), shared_experts=3))
    >>> tuple(model.get_layer("shared_1").kernel.shape)
    (3, 12, 16)
    """
    settings = settings or HomeSettings()
    check_trunk(settings, name)
    experts = settings.replace(activation="silu", batch_norm=True)

    def body(hidden: Any) -> dict[str, Any]:
        count = len(tasks)
        own, shared = (
            stacked_trunk(
                _gate_features(hidden, stack, settings.rank, kind, by_task),
                stack,
                settings.trunk,
                experts,
                kind,
                by_task,
            )
            for kind, stack, by_task in (
                ("own", count * settings.experts, True),
                ("shared", settings.shared_experts, False),
            )
        )
        weights = build_gate(
            hidden,
            count,
            settings.experts + settings.shared_experts,
            "gate",
            by_task=True,
            dropout=settings.gate_dropout,
        )
        mixed = MixOwnExperts(name="mixed_experts")([weights, own, shared])
        self_weights = ExpertGate(
            count,
            settings.experts,
            is_sigmoid=settings.experts == 1,
            by_task=True,
            name="self_gate",
        )(hidden)
        own_alone = MixOwnExperts(name="self_gated")([self_weights, own])
        together = keras.layers.Add(name="mixed")([mixed, own_alone])
        return build_heads(together, tasks, settings.activation, settings.batch_norm)

    return build_framed(features, tasks, body, name, settings.input_dropout)


def _gate_features(inputs: Any, stack: int, rank: int, name: str, by_task: bool) -> Any:
    """Return the gated features of each expert, (stack, width, N)."""
    low = StackedDense(
        stack, rank, use_bias=False, by_task=by_task, name=f"{name}_features_low"
    )(inputs)
    logits = StackedDense(
        stack,
        inputs.shape[-1],
        use_bias=False,
        by_task=by_task,
        name=f"{name}_features_gate",
    )(low)
    masks = StackedActivation("sigmoid", name=f"{name}_features_mask")(logits)
    return MaskRows(scale=2.0, name=f"{name}_features")([masks, inputs])

"""Experts chosen by sparse gates, DSelect-k (Hazimeh et al. 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras_mtl.architectures._frame import Features, build_framed
from keras_mtl.architectures._stacks import check_trunk, stacked_trunk
from keras_mtl.architectures.heads import build_heads
from keras_mtl.architectures.settings import SelectionSettings
from keras_mtl.layers import MixExperts, SelectGate
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import Task

__all__ = ["build_dselect_k"]


def build_dselect_k(
    features: Features,
    tasks: Sequence[Task],
    settings: SelectionSettings | None = None,
    name: str = "dselect_k",
) -> MultiTaskModel:
    """Build DSelect-k: shared experts, of which each task selects a few.

    The model is that of `build_mmoe`, with gates that learn to select at most
    `selectors` experts: see `SelectGate`. All experts are computed in training. The
    factors of the penalties are constant, while the paper increases the factor of the
    entropy during training.

    Args:
        features: See `build_hard_sharing`.
        tasks: The resolved tasks.
        settings: The settings; see `SelectionSettings`.
        name: The model's name.

    Returns:
        A `MultiTaskModel` with a dict of outputs by task name.

    Raises:
        ValueError: See `build_hard_sharing`.
        UserError: If the trunk, which gives the layers of the experts, is empty.

    Example:

    >>> from keras_mtl.tasks import BinaryTask
    >>> tasks = [BinaryTask("heart"), BinaryTask("stroke")]
    >>> model = build_dselect_k(12, tasks, SelectionSettings(experts=5))
    >>> model.get_layer("gate").output.shape
    (2, 5, 1)
    """
    settings = settings or SelectionSettings()
    check_trunk(settings, name)

    def body(hidden: Any) -> dict[str, Any]:
        experts = stacked_trunk(
            hidden, settings.experts, settings.trunk, settings, "experts"
        )
        weights = SelectGate(
            len(tasks),
            settings.experts,
            settings.selectors,
            settings.gamma,
            settings.entropy,
            settings.reachability,
            settings.per_example,
            by_task=True,
            name="gate",
        )(hidden)
        mixed = MixExperts(name="mixed_experts")([weights, experts])
        return build_heads(mixed, tasks, settings.activation, settings.batch_norm)

    return build_framed(features, tasks, body, name, settings.input_dropout)

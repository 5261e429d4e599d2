"""Customized gate control (Tang et al. 2020)."""

from __future__ import annotations

from collections.abc import Sequence

from keras_mtl.architectures._frame import Features
from keras_mtl.architectures.ple import build_ple
from keras_mtl.architectures.settings import (
    ExtractionSettings,
    ProgressiveExtractionSettings,
)
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import Task

__all__ = ["build_cgc"]


def build_cgc(
    features: Features,
    tasks: Sequence[Task],
    settings: ExtractionSettings | None = None,
    name: str = "cgc",
) -> MultiTaskModel:
    """Build customized gate control (CGC): task experts, shared experts, gates.

    The gate of a task mixes the task's own experts and the shared experts, but not the
    experts of other tasks. This is only the last level of `build_ple` (Tang et al.
    2020, equations 1, 2).

    Args:
        features: See `build_hard_sharing`.
        tasks: The resolved tasks.
        settings: The settings; see `ExtractionSettings`.
        name: The model's name.

    Returns:
        A `MultiTaskModel` with a dict of outputs by task name.

    Raises:
        ValueError: See `build_hard_sharing`.

    Example:

    >>> from keras_mtl.tasks import BinaryTask
    >>> tasks = [BinaryTask("heart"), BinaryTask("stroke")]
    >>> model = build_cgc(12, tasks, ExtractionSettings(experts=2, shared_experts=3))
    >>> model.get_layer("level_1_gate").output.shape
    (2, 5, None)
    """
    config = (settings or ExtractionSettings()).get_config()
    one_level = ProgressiveExtractionSettings(levels=1, **config)
    return build_ple(features, tasks, one_level, name)

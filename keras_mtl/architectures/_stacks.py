"""Dense stacks of one shape, computed at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from keras_mtl._core.errors import UserError
from keras_mtl.architectures.settings import ArchitectureSettings
from keras_mtl.layers import (
    ExpertGate,
    RenormalizeGate,
    StackedActivation,
    StackedDense,
    StackedNormalization,
)

__all__ = ["build_gate", "check_trunk", "stacked_block", "stacked_trunk"]


def check_trunk(settings: ArchitectureSettings, architecture: str) -> None:
    """Raise a `UserError` if the trunk, or an expert, has no layer."""
    if not settings.trunk:
        raise UserError(
            f"model.trunk: expected at least one width for {architecture}; "
            "received none."
        )


def stacked_block(
    inputs: Any,
    stack: int,
    width: int,
    settings: ArchitectureSettings,
    name: str,
    by_task: bool = False,
    kernel_regularizer: Any = None,
    bias_regularizer: Any = None,
) -> Any:
    """Add `stack` dense layers with normalization, activation and dropout.

    Args:
        inputs: The common input, (N, features), or one input per layer, (T, features,
            N).
        stack: The number of layers, T.
        width: The number of units of each layer.
        settings: The settings, with activation, dropout and normalization.
        name: The name of the dense layers, and the prefix of the other layers' names.
        by_task: Whether each layer is used by one task only.
        kernel_regularizer: See `StackedDense`.
        bias_regularizer: See `StackedDense`.

    Returns:
        A tensor of shape (T, width, N).
    """
    hidden = StackedDense(
        stack,
        width,
        use_bias=not settings.batch_norm,
        kernel_regularizer=kernel_regularizer,
        bias_regularizer=bias_regularizer,
        by_task=by_task,
        name=name,
    )(inputs)
    if settings.batch_norm:
        hidden = StackedNormalization(by_task=by_task, name=f"{name}_norm")(hidden)
    hidden = StackedActivation(settings.activation, name=f"{name}_activation")(hidden)
    if settings.dropout:
        hidden = keras.layers.Dropout(settings.dropout, name=f"{name}_dropout")(hidden)
    return hidden


def stacked_trunk(
    inputs: Any,
    stack: int,
    widths: Sequence[int],
    settings: ArchitectureSettings,
    name: str,
    by_task: bool = False,
) -> Any:
    """Add one `stacked_block` per width: `NAME_1`, `NAME_2`, ...."""
    for index, width in enumerate(widths, start=1):
        inputs = stacked_block(
            inputs, stack, width, settings, f"{name}_{index}", by_task
        )
    return inputs


def build_gate(
    inputs: Any,
    gates: int,
    experts: int,
    name: str,
    by_task: bool,
    dropout: float = 0.0,
) -> Any:
    """Add gates with dropout of whole experts.

    Args:
        inputs: See `ExpertGate`.
        gates: The number of gates, T.
        experts: The number of experts, E.
        name: The gate's name.
        by_task: See `ExpertGate`.
        dropout: The rate at which a gate drops an expert in training.

    Returns:
        The weights, (T, E, N).
    """
    weights = ExpertGate(gates, experts, by_task=by_task, name=name)(inputs)
    if not dropout:
        return weights
    dropped = keras.layers.Dropout(dropout, name=f"{name}_dropout")(weights)
    return RenormalizeGate(name=f"{name}_renormalized")([dropped, weights])

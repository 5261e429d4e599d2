"""The settings of architectures, declared without Keras."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from keras_mtl._core.declarations import (
    ActivationName,
    Declaration,
    Widths,
    declaration,
)

__all__ = ["COMMON_SETTINGS", "ArchitectureSettings", "HardSharingSettings"]

Rate = Annotated[float, Field(ge=0, lt=1)]


@declaration
class ArchitectureSettings(Declaration):
    """The settings that all architectures have: those of `[model]`.

    The settings of an architecture are a subclass, whose own fields are given
    in `[model.architecture]` and by `--architecture NAME:setting=value`. An
    architecture uses those of the common fields that mean something for it.

    Args:
        trunk: The widths of the shared layers.
        activation: The activation of all hidden layers.
        dropout: The dropout rate after each layer of the trunk.
        input_dropout: The dropout rate of the encoded features.
        batch_norm: Whether hidden layers are normalised.

    Example:

    >>> @declaration
    ... class TwoTrunks(ArchitectureSettings):
    ...     share: Annotated[float, Field(ge=0, le=1)] = 0.5
    >>> TwoTrunks(share="0.25").trunk
    (32, 64)
    """

    trunk: Widths = (32, 64)
    activation: ActivationName = "relu"
    dropout: Rate = 0.0
    input_dropout: Rate = 0.0
    batch_norm: bool = False


@declaration
class HardSharingSettings(ArchitectureSettings):
    """The settings of hard sharing, which has none of its own."""


COMMON_SETTINGS = ("trunk", "activation", "dropout", "input_dropout", "batch_norm")

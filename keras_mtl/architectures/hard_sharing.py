"""One trunk for all tasks, one head for each (Caruana 1997)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras

from keras_mtl.architectures._frame import build_framed
from keras_mtl.architectures.blocks import Activation, dense_trunk
from keras_mtl.architectures.heads import build_heads
from keras_mtl.architectures.settings import HardSharingSettings
from keras_mtl.features import Feature
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import Task

__all__ = ["build_core", "build_hard_sharing"]


def build_hard_sharing(
    features: int | Sequence[int] | Sequence[Feature],
    tasks: Sequence[Task],
    trunk: Sequence[int] | Callable[[Any], Any] = (32, 64),
    activation: Activation = "relu",
    dropout: float = 0.0,
    batch_norm: bool = False,
    input_dropout: float = 0.0,
    name: str = "hard_sharing",
    skip: bool = False,
) -> MultiTaskModel:
    """Builds a network whose tasks share their first layers.

    The trunk turns the input into a shared representation; each task's head
    (its `widths`, then its output layer) reads that representation alone. Many
    heads of equal shape are computed as one: see `build_heads`.

    Args:
        features: What goes in: the width of an encoded matrix; or the shape of
            one row, such as `(28, 28, 1)` for images; or features that have
            learned their statistics, for a model of raw features.
        tasks: The tasks, resolved: a multi-class task knows its classes.
        trunk: The widths of the shared dense layers; or any Keras layer, model
            or callable from the input to a tensor. One that does not end in
            one axis of features is flattened.
        activation: The activation of the trunk's dense layers and, unless the
            task has its own, of the heads'.
        dropout: The dropout rate after each dense layer of the trunk.
        batch_norm: Whether a normalisation precedes each of the activations.
        input_dropout: The dropout rate of the trunk's input.
        name: The model's name.
        skip: Whether the heads read the trunk's input beside its output. A head
            without hidden layers then has a linear part. The input is a matrix.

    Returns:
        A `MultiTaskModel` with a dict of outputs by task name.

    Raises:
        ValueError: When there is no task, or two share a name, or a task is
            named like a feature.

    Example:

    >>> from keras_mtl.tasks import BinaryTask, MulticlassTask
    >>> tasks = [
    ...     MulticlassTask("thal", classes=("a", "b", "c"), widths=(32,)),
    ...     BinaryTask("heart", widths=(16,)),
    ... ]
    >>> model = build_hard_sharing(12, tasks, trunk=(32, 64))
    >>> model.count_params()
    5764
    """

    def body(inputs: Any) -> dict[str, Any]:
        hidden = inputs
        if callable(trunk):
            hidden = trunk(hidden)
            if len(hidden.shape) > 2:
                hidden = keras.layers.Flatten(name="trunk_flatten")(hidden)
        else:
            hidden = dense_trunk(hidden, trunk, activation, dropout, batch_norm)
        if skip and hidden is not inputs:
            joined = keras.layers.Concatenate(name="trunk_skip")
            hidden = joined([hidden, inputs])
        return build_heads(hidden, tasks, activation, batch_norm)

    return build_framed(features, tasks, body, name, input_dropout)


def build_core(
    width: int, tasks: Sequence[Task], settings: HardSharingSettings
) -> MultiTaskModel:
    """Builds hard sharing as the registry of architectures has it.

    Args:
        width: The columns of the encoded matrix.
        tasks: The tasks, resolved.
        settings: The settings.
    """
    return build_hard_sharing(
        width,
        tasks,
        trunk=settings.trunk,
        activation=settings.activation,
        dropout=settings.dropout,
        batch_norm=settings.batch_norm,
        input_dropout=settings.input_dropout,
        name="core",
        skip=settings.skip,
    )

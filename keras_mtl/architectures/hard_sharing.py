"""One trunk for all tasks, and one head per task (Caruana 1997)."""

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
    """Build a network whose tasks share their first layers.

    The trunk computes a shared representation of the input. The representation is the
    only input of each task's head, which consists of dense layers of the task's
    `widths` and an output layer. Many heads of equal shape are computed as one: see
    `build_heads`.

    Args:
        features: The input: the width of an encoded matrix; the shape of one row, such
            as `(28, 28, 1)` for images; or adapted features, for a model of raw
            features.
        tasks: The resolved tasks: for example, a multi-class task has its classes.
        trunk: The widths of the shared dense layers; or any Keras layer, model or
            callable from the input to a tensor. A tensor with more than one axis of
            features is flattened.
        activation: The activation of the dense layers of the trunk, and of the heads of
            tasks that have no `activation`.
        dropout: The dropout rate after each dense layer of the trunk.
        batch_norm: Whether a batch normalization precedes each activation.
        input_dropout: The dropout rate of the trunk's input.
        name: The model's name.
        skip: Whether the heads read the input of the trunk in addition to its output,
            so that a head without hidden layers has a linear part. The input must be a
            matrix.

    Returns:
        A `MultiTaskModel` with a dict of outputs by task name.

    Raises:
        ValueError: If there is no task, two tasks have the same name, or a task has the
            name of a feature.

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
    """Build hard sharing with the arguments of the registry of architectures.

    Args:
        width: The number of columns of the encoded matrix.
        tasks: The resolved tasks.
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

"""Tasks that depend on each other, in a declared order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from keras_mtl._core.errors import UserError
from keras_mtl.architectures._frame import Features, build_framed
from keras_mtl.architectures.blocks import dense_block, dense_trunk
from keras_mtl.architectures.heads import build_heads
from keras_mtl.architectures.settings import ChainSettings
from keras_mtl.layers import (
    ChainedProbability,
    PiecewiseLinearMap,
    StandardizedOutput,
    TransformedOutput,
)
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import Task

__all__ = ["build_chain"]


def build_chain(
    features: Features,
    tasks: Sequence[Task],
    settings: ChainSettings | None = None,
    name: str = "chain",
) -> MultiTaskModel:
    """Build a chain: a shared trunk, and heads that depend on the previous task.

    With the form `"outputs"`, the inputs of a head are the shared representation and
    the outputs of the previous task, regressions in standard units. This is a
    classifier chain that is trained on its own predictions.

    With the form `"product"`, all tasks of the chain are binary, and each event
    requires the previous one: `p(b) = p(a) p(b given a)`, computed in log space (Ma et
    al. 2018, ESMM). A later event is never more probable than an earlier one, and its
    label trains both heads.

    Args:
        features: See `build_hard_sharing`.
        tasks: The resolved tasks.
        settings: The settings; see `ChainSettings`.
        name: The model's name.

    Returns:
        A `MultiTaskModel` with a dict of outputs by task name.

    Raises:
        ValueError: See `build_hard_sharing`.
        UserError: If the order names an unknown task or has an auxiliary task before
            another one, or the form is a product and a task of the chain is not binary.

    Example:

    >>> import numpy as np
    >>> from keras_mtl.tasks import BinaryTask
    >>> tasks = [BinaryTask("buys"), BinaryTask("clicks")]
    >>> settings = ChainSettings(order=("clicks", "buys"), form="product")
    >>> outputs = build_chain(4, tasks, settings)(np.ones((3, 4), "float32"))
    >>> bool(np.all(outputs["buys"] < outputs["clicks"]))
    True
    """
    settings = settings or ChainSettings()
    by_name = {task.name: task for task in tasks}
    if messages := settings.check_tasks(tasks):
        raise UserError(*messages)
    order = settings.order_of(tasks)

    def body(hidden: Any) -> dict[str, Any]:
        hidden = dense_trunk(
            hidden,
            settings.trunk,
            settings.activation,
            settings.dropout,
            settings.batch_norm,
        )
        chain = [by_name[each] for each in order]
        build = _products if settings.form == "product" else _outputs
        outputs = build(hidden, chain, settings)
        rest = [task for task in tasks if task.name not in order]
        if rest:
            outputs |= build_heads(
                hidden, rest, settings.activation, settings.batch_norm
            )
        return {task.name: outputs[task.name] for task in tasks}

    return build_framed(features, tasks, body, name, settings.input_dropout)


def _outputs(
    hidden: Any, chain: Sequence[Task], settings: ChainSettings
) -> dict[str, Any]:
    outputs: dict[str, Any] = {}
    before: Any = None
    for task in chain:
        inputs = hidden
        if before is not None:
            inputs = keras.layers.Concatenate(name=f"{task.name}_inputs")(
                [hidden, before]
            )
        # The chain is built head by head, since each head reads the one before.
        outputs |= build_heads(inputs, [task], settings.activation, settings.batch_norm)
        before = outputs[task.name]
        layer = before._keras_history.operation
        if isinstance(layer, StandardizedOutput):
            # In the unit of the labels, a prediction would dominate the head's other
            # inputs.
            before = keras.layers.Rescaling(
                1 / layer.scale,
                -layer.mean / layer.scale,
                dtype="float32",
                name=f"{task.name}_standardized",
            )(before)
        elif isinstance(layer, TransformedOutput):
            before = PiecewiseLinearMap(
                layer.labels, layer.values, name=f"{task.name}_standardized"
            )(before)
    return outputs


def _products(
    hidden: Any, chain: Sequence[Task], settings: ChainSettings
) -> dict[str, Any]:
    outputs: dict[str, Any] = {}
    logits: list[Any] = []
    for task in chain:
        head = hidden
        for index, width in enumerate(task.widths, start=1):
            head = dense_block(
                head,
                width,
                task.activation or settings.activation,
                0.0,
                settings.batch_norm,
                f"{task.name}_{index}",
            )
        logits.append(
            keras.layers.Dense(1, dtype="float32", name=f"{task.name}_logit")(head)
        )
        outputs[task.name] = ChainedProbability(name=task.name)(list(logits))
    return outputs

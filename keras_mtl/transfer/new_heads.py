"""A new task's head on a trained trunk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras

from keras_mtl.architectures import average_members, build_heads, join_encoder
from keras_mtl.features import build_encoder
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import Task
from keras_mtl.transfer.trunk import (
    TRUNK,
    copy_trunk,
    set_frozen,
    trained_members,
    trunks,
)

__all__ = ["build_on_trunk", "check_tasks", "new_head", "unfreeze"]


def new_head(
    model: MultiTaskModel, task: Task | Sequence[Task], freeze_trunk: bool = True
) -> MultiTaskModel:
    """Build a model of a new task on the trunk of a trained model.

    The trunk is copied with its weights. If the model has raw features, the encoder is
    copied too. Each member of an ensemble gets a trunk and a head. The heads of the old
    tasks are left out. The given model does not change, and still predicts the old
    tasks.

    While the trunk is frozen, its weights do not change, its batch normalizations use
    their moving statistics, and its dropout is active. Once the head is trained,
    `unfreeze` lets the trunk learn at a lower rate.

    Args:
        model: A trained model.
        task: The new task, resolved, or several tasks that share the trunk. A
            multi-class task needs its classes, and a regression its `mean` and `scale`
            if the labels are not standardized.
        freeze_trunk: Whether the trunk is frozen.

    Returns:
        A model of the new task only, not compiled. The trunk of each member is the
        layer `"trunk"`.

    Raises:
        ValueError: If there is no task, a name is that of a feature or of a layer of
            the trunk, or the model has only heads.

    Example:

    >>> import numpy as np
    >>> from keras_mtl.architectures import build_hard_sharing
    >>> from keras_mtl.tasks import BinaryTask
    >>> trained = build_hard_sharing(4, [BinaryTask("heart"), BinaryTask("lung")])
    >>> model = new_head(trained, BinaryTask("kidney", widths=(8,)))
    >>> x, y = np.ones((6, 4)), {"kidney": np.array([0.0, 1, 0, 1, 0, 1])}
    >>> model.compile(keras.optimizers.Adam(1e-2))
    >>> history = model.fit(x, y, epochs=3, verbose=0)
    >>> unfreeze(model)
    >>> model.compile(keras.optimizers.Adam(1e-3), layer_rates={"trunk": 0.1})
    >>> history = model.fit(x, y, epochs=3, verbose=0)
    """
    tasks = [task] if isinstance(task, Task) else list(task)
    check_tasks(tasks, model)
    members = []
    for member in trained_members(model):
        trunk = copy_trunk(member)
        set_frozen(trunk, freeze_trunk)
        members.append(build_on_trunk(trunk, tasks))
    core = average_members(members, name="core")
    if not model.features:
        core.name = f"{model.name}_transferred"
        return core
    encoder = build_encoder(model.features)
    return join_encoder(encoder, core, model.features, name=model.name)


def unfreeze(model: MultiTaskModel) -> None:
    """Make the trunk of a model from `new_head` trainable again.

    Its batch normalizations keep their moving statistics, because the statistics of few
    rows are unreliable. Compile the model afterwards, with a lower learning rate of the
    trunk: `model.compile(optimizer, layer_rates={"trunk": 0.1})`.

    Args:
        model: A model that `new_head` returned.

    Raises:
        ValueError: If the model has no trunk.
    """
    for trunk in trunks(model):
        set_frozen(trunk, False)


def build_on_trunk(
    trunk: keras.Model,
    tasks: Sequence[Task],
    prepare: Callable[[Any], Any] | None = None,
    width: int | None = None,
    activation: Any = None,
    batch_norm: bool = False,
) -> MultiTaskModel:
    """Build heads on a trunk.

    Args:
        trunk: The trunk, which is not copied.
        tasks: The tasks, resolved.
        prepare: From the model's input to the trunk's; None where they are one.
        width: The columns of the model's input if `prepare` changes them.
        activation: The heads' activation. By default the last one of the trunk.
        batch_norm: Whether a normalization precedes each activation of the heads.
    """

    def make(tensor: Any) -> Any:
        shape = tensor.shape[1:] if width is None else (width,)
        return keras.Input(shape=shape, dtype=tensor.dtype, name=tensor.name)

    inputs = keras.tree.map_structure(make, trunk.input)
    hidden = trunk(inputs if prepare is None else prepare(inputs))
    activation = activation or _last_activation(trunk)
    outputs = build_heads(hidden, tasks, activation, batch_norm)
    return MultiTaskModel(inputs, outputs, name="core", tasks=tasks)


def _last_activation(trunk: keras.Model) -> Any:
    """Return the last activation of a trunk that is not linear; else ReLU."""
    linear = (None, keras.activations.linear)
    for layer in reversed(list(trunk._flatten_layers())):
        activation = getattr(layer, "activation", None)
        if activation not in linear:
            return keras.activations.serialize(activation)
    return "relu"


def check_tasks(tasks: Sequence[Task], model: MultiTaskModel) -> None:
    names = [task.name for task in tasks]
    if not names or len(set(names)) < len(names):
        raise ValueError(
            "Invalid value received for argument `task`. Expected at least one task, "
            f"each name once. Received: {names}"
        )
    features = [feature.name for feature in model.features]
    for name in names:
        if name in features:
            raise ValueError(
                "Invalid value received for argument `task`. Expected a name that no "
                f"feature has. Received: {name!r}"
            )
        if name == TRUNK or name.startswith(f"{TRUNK}_"):
            raise ValueError(
                "Invalid value received for argument `task`. Expected a name that no "
                f"layer of the trunk has. Received: {name!r}"
            )

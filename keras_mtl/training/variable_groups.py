"""Which of a model's variables are shared by tasks."""

from __future__ import annotations

from typing import NamedTuple

import keras

__all__ = ["VariableGroups", "group_variables"]


class VariableGroups(NamedTuple):
    """Positions in a model's `trainable_variables`.

    Attributes:
        shared: Those on which two tasks or more depend: the trunk. With one
            task, all but its own head's can't be told apart: all are shared.
        private: The others, the heads.
        last_shared: Those of the last layer that is shared by most tasks.
    """

    shared: tuple[int, ...]
    private: tuple[int, ...]
    last_shared: tuple[int, ...]


def group_variables(model: keras.Model) -> VariableGroups:
    """Finds out from the graph which variables several tasks share.

    Args:
        model: A functional model whose outputs are a dict by task name.

    Returns:
        The groups.
    """
    variables = model.trainable_variables
    place = {variable.path: index for index, variable in enumerate(variables)}
    core = _core(model)
    users = [0] * len(variables)
    for output in core.output.values():
        # What an output depends on is what a model to it alone consists of.
        branch = keras.Model(core.inputs, output)
        for variable in branch.trainable_variables:
            users[place[variable.path]] += 1
    several = 2 if len(core.output) > 1 else 1
    shared = tuple(i for i, count in enumerate(users) if count >= several)
    private = tuple(i for i, count in enumerate(users) if count < several)
    return VariableGroups(shared, private, _last_layer(core, place, users, shared))


def _core(model: keras.Model) -> keras.Model:
    """Looks into a model that only puts an encoder before another one."""
    names = list(model.output)
    for layer in model.layers:
        if isinstance(layer, keras.Model) and isinstance(layer.output, dict):
            same = list(layer.output) == names
            alone = len(layer.trainable_variables) == len(model.trainable_variables)
            if same and alone:
                return _core(layer)
    return model


def _last_layer(
    core: keras.Model,
    place: dict[str, int],
    users: list[int],
    shared: tuple[int, ...],
) -> tuple[int, ...]:
    most = max((users[index] for index in shared), default=0)
    last: tuple[int, ...] = ()
    for layer in core.layers:
        indices = tuple(place[v.path] for v in layer.trainable_variables)
        if indices and all(index in shared for index in indices):
            # Layers come in the order of the graph.
            last = indices if users[indices[0]] == most else last
    return last

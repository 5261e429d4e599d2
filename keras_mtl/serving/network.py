"""The computation behind the signatures: a model, with its members side by side."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_mtl.blocks.model_graph import node_of
from keras_mtl.model import MultiTaskModel
from keras_mtl.serving.shared_representation import find_core, shared_representation

__all__ = ["Network", "averaged_members", "build_network", "prediction_function"]


@dataclass(frozen=True)
class Network:
    """Functions of a raw-feature model's inputs, for inference.

    Attributes:
        predict: From the inputs to the outputs by task name.
        represent: From the inputs to what the tasks share, (N, width); None where
            they share not even an encoded matrix.
        source: What they share, as in `SharedRepresentation`; "" for nothing.
        variables: All variables that the functions read.
    """

    predict: Callable[[Any], dict[str, tf.Tensor]]
    represent: Callable[[Any], tf.Tensor] | None
    source: str
    variables: list[tf.Variable]


def build_network(model: MultiTaskModel) -> Network:
    """Builds the functions of a model.

    The members of an ensemble, if all have one architecture, become products of
    stacked weights: ten members then take little longer than one, to trace and to
    run.

    Args:
        model: A model whose inputs are raw features.
    """
    found = find_core(model)
    members = averaged_members(found[0]) if found else []
    if found is None or not _same_architecture(members):
        shared = shared_representation(model)
        return Network(
            predict=functools.partial(model.__call__, training=False),
            represent=functools.partial(shared.model, training=False)
            if shared
            else None,
            source=shared.source if shared else "",
            variables=[variable.value for variable in model.variables],
        )
    encoder = keras.Model(model.input, found[1])
    stack = _MemberStack(members)
    trunk = shared_representation(members[0])

    def represent(inputs: Any) -> tf.Tensor:
        encoded = encoder(inputs)
        if trunk is None:
            return encoded
        # Side by side in one row, the first member's first.
        trunks = tf.transpose(stack.map(trunk.model, encoded), (1, 0, 2))
        return tf.reshape(trunks, (-1, trunks.shape[1] * trunks.shape[2]))

    return Network(
        predict=lambda inputs: stack.average(encoder(inputs)),
        represent=represent,
        source="inputs" if trunk is None else "trunks",
        variables=[*(each.value for each in encoder.variables), *stack.variables],
    )


def prediction_function(
    model: MultiTaskModel,
) -> Callable[[Any], dict[str, tf.Tensor]]:
    """Returns the function from a model's inputs to its outputs by task name.

    Args:
        model: A model of raw features or of an encoded matrix; an ensemble's members
            become products of stacked weights, as in `build_network`.
    """
    if model.features:
        return build_network(model).predict
    members = averaged_members(model)
    if _same_architecture(members):
        return _MemberStack(members).average
    return functools.partial(model.__call__, training=False)


class _MemberStack:
    """The variables of members of one architecture, each with a leading axis."""

    def __init__(self, members: Sequence[MultiTaskModel]) -> None:
        self._first = first = members[0]
        positions = {id(each): index for index, each in enumerate(first.variables)}
        self._positions = positions
        self.variables = [
            tf.Variable(
                np.stack([member.variables[index].numpy() for member in members]),
                trainable=False,
                name=each.path.replace("/", "_"),
            )
            for index, each in enumerate(first.variables)
        ]

    def average(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns the mean of the members' outputs by task name.

        Args:
            inputs: The inputs of all members, (N, width).
        """
        outputs = self.map(self._first, inputs)
        return {name: tf.reduce_mean(each, axis=0) for name, each in outputs.items()}

    def map(self, model: keras.Model, inputs: tf.Tensor) -> Any:
        """Calls the first member, or a part of it, with each member's variables.

        Args:
            model: A model of the first member's variables.
            inputs: The inputs of all members, (N, width).

        Returns:
            The outputs with a leading axis of members.
        """
        parts = (model.trainable_variables, model.non_trainable_variables)
        stacked = [
            [
                tf.convert_to_tensor(self.variables[self._positions[id(each)]])
                for each in part
            ]
            for part in parts
        ]

        def call(values: Any) -> Any:
            return model.stateless_call(*values, inputs, training=False)[0]

        return tf.vectorized_map(call, stacked)


def averaged_members(model: keras.Model) -> list[MultiTaskModel]:
    """Returns the members of a model that `average_members` built; else none.

    Args:
        model: A functional model with a dict of outputs.
    """
    members: list[MultiTaskModel] = []
    for name, output in model.output.items():
        average = node_of(output)
        if not isinstance(average.operation, keras.layers.Average):
            return []
        calls = [node_of(tensor) for tensor in average.input_tensors]
        called = [call.operation for call in calls]
        if not all(isinstance(each, MultiTaskModel) for each in called):
            return []
        if any(call.input_tensors[0] is not model.inputs[0] for call in calls):
            return []
        # Keras keeps a dict of outputs flat, in an order of its own.
        for member, tensor in zip(called, average.input_tensors, strict=True):
            keys = keras.tree.flatten({key: key for key in member.output})
            if keys[tensor._keras_history.tensor_index] != name:
                return []
        if members and members != called:
            return []
        members = called
    return members


def _same_architecture(members: Sequence[MultiTaskModel]) -> bool:
    """Says whether members differ in nothing but in what they learned."""
    configs = []
    for member in members:
        config = _at_inference(member.get_config())
        del config["name"]
        configs.append(config)
    return bool(configs) and all(config == configs[0] for config in configs)


def _at_inference(config: Any) -> Any:
    """Returns a configuration without what only training needs."""
    if isinstance(config, (list, tuple)):
        return [_at_inference(part) for part in config]
    if isinstance(config, dict):
        return {
            key: _at_inference(part)
            for key, part in config.items()
            if key not in ("rate", "seed")
        }
    return config

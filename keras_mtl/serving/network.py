"""The computation behind the signatures: a model with stacked members."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_mtl.blocks.model_graph import node_of
from keras_mtl.model import MultiTaskModel
from keras_mtl.serving.shared_representation import find_core, shared_representation

__all__ = [
    "Ensemble",
    "Network",
    "build_network",
    "find_ensemble",
    "prediction_function",
]

# A function from inputs to outputs by task name.
Predict = Callable[[Any], dict[str, tf.Tensor]]


@dataclass(frozen=True)
class Network:
    """Functions of the inputs of a model of raw features, for inference.

    Attributes:
        predict: The function from the inputs to the outputs by task name.
        represent: The function from the inputs to the shared representation, (N,
            width); None if the tasks do not even share an encoded matrix.
        source: The source of the representation, as in `SharedRepresentation`, or "".
        variables: All variables that the functions read.
    """

    predict: Predict
    represent: Callable[[Any], tf.Tensor] | None
    source: str
    variables: list[tf.Variable]


@dataclass(frozen=True)
class Ensemble:
    """The parts of a model that `average_members` built.

    Attributes:
        members: The members.
        calibration: The layer after the average, by task name; absent for tasks without
            such a layer.
    """

    members: list[MultiTaskModel]
    calibration: dict[str, keras.layers.Layer]


def build_network(model: MultiTaskModel) -> Network:
    """Build the functions of a model.

    If all members of an ensemble have the same architecture, they become products of
    stacked weights. Ten members then take little longer than one, both to trace and to
    run.

    Args:
        model: A model whose inputs are raw features.
    """
    found = find_core(model)
    ensemble = find_ensemble(found[0]) if found else None
    if found is None or ensemble is None or not _same_architecture(ensemble.members):
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
    stack = _MemberStack(ensemble.members)
    trunk = shared_representation(ensemble.members[0])

    def represent(inputs: Any) -> tf.Tensor:
        encoded = encoder(inputs)
        if trunk is None:
            return encoded
        # One row holds the members' trunks in order.
        trunks = tf.transpose(stack.map(trunk.model, encoded), (1, 0, 2))
        return tf.reshape(trunks, (-1, trunks.shape[1] * trunks.shape[2]))

    return Network(
        predict=lambda inputs: stack.average(encoder(inputs), ensemble.calibration),
        represent=represent,
        source="inputs" if trunk is None else "trunks",
        variables=[*(each.value for each in encoder.variables), *stack.variables],
    )


def prediction_function(model: MultiTaskModel) -> Predict:
    """Return the function from a model's inputs to its outputs by task name.

    Args:
        model: A model of raw features or of an encoded matrix. The members of an
            ensemble become products of stacked weights, as in `build_network`.
    """
    if model.features:
        return build_network(model).predict
    ensemble = find_ensemble(model)
    if ensemble is None or not _same_architecture(ensemble.members):
        return functools.partial(model.__call__, training=False)
    return functools.partial(
        _MemberStack(ensemble.members).average, calibration=ensemble.calibration
    )


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

    def average(
        self, inputs: tf.Tensor, calibration: Mapping[str, keras.layers.Layer]
    ) -> dict[str, tf.Tensor]:
        """Return the mean of the members' outputs by task name.

        Args:
            inputs: The inputs of all members, (N, width).
            calibration: The layer after the mean, by task name.
        """
        outputs = self.map(self._first, inputs)
        means = {name: tf.reduce_mean(each, axis=0) for name, each in outputs.items()}
        return {
            name: calibration[name](mean) if name in calibration else mean
            for name, mean in means.items()
        }

    def map(self, model: keras.Model, inputs: tf.Tensor) -> Any:
        """Call the first member or a part of it with the variables of each member.

        Args:
            model: A model with variables of the first member.
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


def find_ensemble(model: keras.Model) -> Ensemble | None:
    """Find the members of a model that `average_members` built.

    Args:
        model: A functional model with a dict of outputs, calibrated or not.

    Returns:
        The members and the layers after their average; None for any other model.
    """
    members: list[MultiTaskModel] = []
    calibration: dict[str, keras.layers.Layer] = {}
    for name, output in model.output.items():
        average = node_of(output)
        if _may_calibrate(average):
            calibration[name] = average.operation
            average = node_of(average.input_tensors[0])
        if not isinstance(average.operation, keras.layers.Average):
            return None
        calls = [node_of(tensor) for tensor in average.input_tensors]
        called = [call.operation for call in calls]
        if not all(isinstance(each, MultiTaskModel) for each in called):
            return None
        if any(call.input_tensors[0] is not model.inputs[0] for call in calls):
            return None
        # Keras stores a dict of outputs as a list in its own order.
        for member, tensor in zip(called, average.input_tensors, strict=True):
            keys = keras.tree.flatten({key: key for key in member.output})
            if keys[tensor._keras_history.tensor_index] != name:
                return None
        if members and members != called:
            return None
        members = called
    return Ensemble(members, calibration) if members else None


def _may_calibrate(node: Any) -> bool:
    """Return whether a node is a layer without weights after one tensor."""
    layer = node.operation
    return (
        isinstance(layer, keras.layers.Layer)
        and not isinstance(layer, keras.layers.Average)
        and len(node.input_tensors) == 1
        and not layer.variables
    )


def _same_architecture(members: Sequence[MultiTaskModel]) -> bool:
    """Return whether members differ only in their weights."""
    configs = []
    for member in members:
        config = _at_inference(member.get_config())
        del config["name"]
        configs.append(config)
    return bool(configs) and all(config == configs[0] for config in configs)


def _at_inference(config: Any) -> Any:
    """Return a configuration without the settings that only training needs."""
    if isinstance(config, (list, tuple)):
        return [_at_inference(part) for part in config]
    if isinstance(config, dict):
        return {
            key: _at_inference(part)
            for key, part in config.items()
            if key not in ("rate", "seed")
        }
    return config

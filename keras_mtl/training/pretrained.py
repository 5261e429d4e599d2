"""A layer of members that was trained before, and how it learns on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from keras_mtl.engine.layer_rates import rates_by_position
from keras_mtl.engine.training_graph import is_seed, statistics
from keras_mtl.errors import UserError
from keras_mtl.training._initial_values import InitialValues

__all__ = ["Pretrained", "layer_values"]


@dataclass(frozen=True)
class Pretrained:
    """Initial values of one layer of the members, and its learning rate.

    The layer is frozen in the first epochs, in which new layers adapt to it, and then
    learns at a lower rate. While the layer is frozen, `patience` does not count epochs.

    Args:
        layer: The layer's name in the architecture, for example `"trunk"`.
        values: The values of the layer's variables for each trained model, as returned
            by `layer_values`. Member k begins with the values of model `k %
            len(values)`.
        frozen_epochs: The number of epochs in which the layer does not change.
        rate: The factor of the layer's learning rate after these epochs. With 0 the
            layer never changes.

    Example:

    >>> import keras
    >>> layer = keras.layers.Dense(2, name="trunk")
    >>> layer.build((None, 3))
    >>> pretrained = Pretrained("trunk", [layer_values(layer)], frozen_epochs=5)
    >>> [pretrained.rate_in(epoch) for epoch in (0, 4, 5)]
    [0.0, 0.0, 0.1]
    """

    layer: str
    values: Sequence[Sequence[np.ndarray]]
    frozen_epochs: int = 0
    rate: float = 0.1

    def rate_in(self, epoch: int) -> float:
        """Return the factor of the learning rate in an epoch, counted from 0."""
        return 0.0 if epoch < self.frozen_epochs else self.rate

    def uncounted_epochs(self, epochs: int) -> int:
        """Return the number of first epochs that `patience` does not count.

        Args:
            epochs: The number of all epochs. If the layer is frozen in all of them, the
                result is 0.
        """
        learns = self.rate > 0 and self.frozen_epochs < epochs
        return self.frozen_epochs if learns else 0

    def positions(self, model: keras.Model) -> list[int]:
        """Return the positions of the layer among the trainable variables."""
        return list(rates_by_position(model, {self.layer: 1.0}))

    def begin(
        self, model: keras.Model, first: InitialValues, numbers: Sequence[int]
    ) -> InitialValues:
        """Return the initial values of the members, including those of the layer.

        Args:
            model: The architecture.
            first: The initial values without pretraining.
            numbers: The members' numbers.

        Raises:
            UserError: If the values do not fit the layer.
        """
        variables = _variables(model.get_layer(self.layer))
        shapes = [tuple(each.shape) for each in variables]
        for values in self.values:
            received = [np.shape(each) for each in values]
            if received != shapes:
                raise UserError(
                    "Invalid value received for `values` of `Pretrained`. Expected, "
                    f"for layer {self.layer!r}, the shapes {shapes}. Received: "
                    f"{received}."
                )
        stacks = {
            id(variable): np.stack(
                [
                    np.asarray(self.values[number % len(self.values)][index])
                    for number in numbers
                ]
            )
            for index, variable in enumerate(variables)
        }

        def replaced(
            variables: Sequence[Any], values: list[np.ndarray]
        ) -> list[np.ndarray]:
            return [
                stacks.get(id(variable), value)
                for variable, value in zip(variables, values, strict=True)
            ]

        return InitialValues(
            replaced(model.trainable_variables, first.weights),
            replaced(statistics(model), first.statistics),
        )


def layer_values(layer: keras.layers.Layer) -> list[np.ndarray]:
    """Return the values of a layer's variables, without the seeds of random layers.

    Args:
        layer: A layer, or a model.
    """
    return [keras.ops.convert_to_numpy(each) for each in _variables(layer)]


def _variables(layer: keras.layers.Layer) -> list[keras.Variable]:
    return [each for each in layer.variables if not is_seed(each)]

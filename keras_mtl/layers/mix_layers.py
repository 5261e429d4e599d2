"""Learned mixes of several layers, for each task."""

import keras
from keras import ops

from keras_mtl.layers._task_variables import SplitByTask

__all__ = ["MixLayers"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class MixLayers(SplitByTask, keras.layers.Layer):
    """Layer of weighted sums of several layers per task: `y_t = sum_l b_tl x_tl`.

    This is the mix of layers of sluice networks (Ruder et al. 2017). The initial
    weights are equal. Layers of unequal width are weighted and concatenated.

    Args:
        by_task: See `StackedDense`.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: A list of L tensors of shape (T, units, N).

    Call returns:
        A tensor of shape (T, units, N), or (T, sum of all units, N).

    Example:

    >>> import numpy as np
    >>> layer = MixLayers()
    >>> layer([np.ones((2, 3, 5)), np.ones((2, 3, 5))]).shape.as_list()
    [2, 3, 5]
    >>> layer.weights_of_layers.tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """

    def __init__(self, by_task=False, **kwargs):
        super().__init__(**kwargs)
        self.by_task = by_task

    @property
    def weights_of_layers(self):
        """The weights of the layers, an array of shape (T, L)."""
        return ops.convert_to_numpy(self.mix)

    def build(self, input_shape):
        layers = len(input_shape)
        self.mix = self.add_weight(
            name="mix",
            shape=(input_shape[0][0], layers),
            initializer=keras.initializers.Constant(1 / layers),
        )
        self.built = True

    def call(self, inputs):
        mix = ops.cast(self.mix, inputs[0].dtype)
        parts = [
            layer * mix[:, index, None, None] for index, layer in enumerate(inputs)
        ]
        if len({layer.shape[1] for layer in inputs}) > 1:
            return ops.concatenate(parts, axis=1)
        return sum(parts[1:], parts[0])

    def compute_output_shape(self, input_shape):
        widths = [shape[1] for shape in input_shape]
        width = widths[0] if len(set(widths)) == 1 else sum(widths)
        return (input_shape[0][0], width, input_shape[0][2])

    def get_config(self):
        return {**super().get_config(), "by_task": self.by_task}

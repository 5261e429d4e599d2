"""A layer of sums of kernels at support rows."""

import keras
from keras import ops

__all__ = ["SupportKernel"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class SupportKernel(keras.layers.Layer):
    """Layer that computes `k((x - means) / scales, support) @ coefficients` of rows x.

    Means, scales, support rows and coefficients are non-trainable weights. Scores are
    computed in float64, because coefficients of opposite signs may be a thousand times
    larger than their sum. The output is float32.

    Args:
        support_rows: The number of support rows, M.
        outputs: The number of scores per row, K.
        kernel: `"linear"`, `<x, x'>`, or `"rbf"`, `exp(-||x - x'||^2 / 2)`: the length
            scale is part of the scales.
        name: The layer's name.
        **kwargs: See `keras.layers.Layer`.

    Input shape: (N, d). Output shape: (N, K).

    Raises:
        ValueError: If the kernel is unknown.

    Example:

    >>> import numpy as np
    >>> layer = SupportKernel(2, outputs=1, kernel="linear")
    >>> layer.build((None, 1))
    >>> _ = layer.support.assign([[1.0], [2.0]])
    >>> _ = layer.coefficients.assign([[10.0], [1.0]])
    >>> layer(np.array([[3.0]], "float32")).numpy().tolist()
    [[36.0]]
    """

    def __init__(self, support_rows, outputs, kernel="rbf", name=None, **kwargs):
        kwargs.setdefault("dtype", "float64")
        super().__init__(name=name, **kwargs)
        if kernel not in ("linear", "rbf"):
            raise ValueError(
                "Invalid value received for argument `kernel`. Expected 'linear' or "
                f"'rbf'. Received: kernel={kernel!r}"
            )
        self.support_rows = support_rows
        self.outputs = outputs
        self.kernel = kernel

    def build(self, input_shape):
        width = input_shape[-1]
        self.means = self._constant("means", (width,))
        self.scales = self._constant("scales", (width,), "ones")
        self.support = self._constant("support", (self.support_rows, width))
        self.coefficients = self._constant(
            "coefficients", (self.support_rows, self.outputs)
        )

    def call(self, inputs):
        values = self.kernel_values(inputs)
        return ops.cast(ops.matmul(values, self.coefficients), "float32")

    def kernel_values(self, inputs):
        """Return the kernel of each row with each support row, (N, M).

        Args:
            inputs: The rows, (N, d).
        """
        standard = (inputs - self.means) / self.scales
        values = ops.matmul(standard, ops.transpose(self.support))
        if self.kernel == "rbf":
            squares = ops.sum(ops.square(standard), axis=1, keepdims=True)
            distances = squares + ops.sum(ops.square(self.support), axis=1) - 2 * values
            # For equal rows, rounding may make the distance negative.
            values = ops.exp(-0.5 * ops.maximum(distances, 0.0))
        return values

    def compute_output_spec(self, inputs):
        return keras.KerasTensor((*inputs.shape[:-1], self.outputs), "float32")

    def get_config(self):
        return {
            **super().get_config(),
            "support_rows": self.support_rows,
            "outputs": self.outputs,
            "kernel": self.kernel,
        }

    def _constant(self, name, shape, initializer="zeros"):
        return self.add_weight(
            name=name, shape=shape, initializer=initializer, trainable=False
        )

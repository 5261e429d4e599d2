"""A layer that computes the predictions of a Gaussian process."""

import math

import keras
from keras import ops

from keras_mtl.layers.support_kernel import SupportKernel

__all__ = ["ProcessScores"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class ProcessScores(SupportKernel):
    """Layer that computes a Gaussian process's scores and standard deviations.

    With k, the kernel of a row with the support rows, the latent function of an output
    has the mean `k @ coefficients + intercepts` and the variance `variances - |k @
    factors|^2`.

    The score of a number is the mean, and its standard deviation is that of a label,
    including the noise. The score of a class is `mean / sqrt(1 + pi variance / 8)`,
    whose probability approximates the mean probability (MacKay 1992), and its standard
    deviation is that of the latent function.

    Args:
        support_rows: The number of support rows, M.
        numbers: Whether each of the K outputs is a number, and not a class.
        directions: The number of columns of the factors of an output, R.
        name: The layer's name.
        **kwargs: See `keras.layers.Layer`.

    Input shape: (N, d). Output shape: (N, 2 K), scores and then deviations.

    Example:

    >>> import numpy as np
    >>> layer = ProcessScores(1, numbers=[True])
    >>> layer.build((None, 1))
    >>> _ = layer.coefficients.assign([[3.0]]), layer.variances.assign([4.0])
    >>> _ = layer.factors.assign([[[2.0]]]), layer.noise.assign([0.25])
    >>> scores = layer(np.array([[0.0], [9.0]], "float32")).numpy()
    >>> scores.astype("float64").round(3).tolist()
    [[3.0, 0.5], [0.0, 2.062]]
    """

    def __init__(self, support_rows, numbers, directions=1, name=None, **kwargs):
        for known in ("outputs", "kernel"):
            kwargs.pop(known, None)
        super().__init__(support_rows, len(numbers), "rbf", name=name, **kwargs)
        self.numbers = [bool(each) for each in numbers]
        self.directions = directions

    def build(self, input_shape):
        super().build(input_shape)
        outputs = self.outputs
        self.intercepts = self._constant("intercepts", (outputs,))
        self.variances = self._constant("variances", (outputs,))
        self.noise = self._constant("noise", (outputs,))
        self.factors = self._constant(
            "factors", (outputs, self.support_rows, self.directions)
        )

    def call(self, inputs):
        values = self.kernel_values(inputs)
        means = ops.matmul(values, self.coefficients) + self.intercepts
        # One output after the other, to save memory.
        explained = [
            ops.sum(ops.square(ops.matmul(values, self.factors[index])), axis=1)
            for index in range(self.outputs)
        ]
        # Rounding may make the variance negative.
        spread = ops.maximum(self.variances - ops.stack(explained, axis=1), 0.0)
        averaged = means / ops.sqrt(1.0 + math.pi * spread / 8.0)
        scores = ops.where(ops.convert_to_tensor(self.numbers), means, averaged)
        found = ops.concatenate([scores, ops.sqrt(spread + self.noise)], axis=1)
        return ops.cast(found, "float32")

    def compute_output_spec(self, inputs):
        return keras.KerasTensor((*inputs.shape[:-1], 2 * self.outputs), "float32")

    def get_config(self):
        return {
            **super().get_config(),
            "numbers": self.numbers,
            "directions": self.directions,
        }

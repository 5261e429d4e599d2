"""Dense layers with a factor per domain (Sheng et al. 2021)."""

import keras
from keras import ops

__all__ = ["DomainMembership", "StarDense"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class DomainMembership(keras.layers.Layer):
    """Layer that returns the domain of each row, from indicator columns.

    Args:
        columns: The positions of the indicator columns, one per domain: 1 for rows of
            the domain and 0 for others. Without columns, all rows are in one domain.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: The encoded rows, of shape (N, width).

    Call returns:
        The shares of the domains, (N, D). Each row sums to 1. A row of an unknown
        domain has equal shares of all domains.

    Example:

    >>> import numpy as np
    >>> rows = np.array([[9.0, 0.0, 1.0], [9.0, 0.0, 0.0]])
    >>> DomainMembership([1, 2])(rows).numpy().tolist()
    [[0.0, 1.0], [0.5, 0.5]]
    """

    def __init__(self, columns=(), **kwargs):
        super().__init__(**kwargs)
        self.columns = [int(column) for column in columns]

    def call(self, inputs):
        if not self.columns:
            return ops.ones_like(inputs[:, :1])
        marks = ops.maximum(ops.take(inputs, self.columns, axis=1), 0)
        total = ops.sum(marks, axis=1, keepdims=True)
        is_known = total > 0
        shares = marks / ops.where(is_known, total, ops.ones_like(total))
        return ops.where(is_known, shares, ops.full_like(marks, 1 / len(self.columns)))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], max(1, len(self.columns)))

    def get_config(self):
        return {**super().get_config(), "columns": self.columns}


@keras.saving.register_keras_serializable(package="keras_mtl")
class StarDense(keras.layers.Layer):
    """A dense layer whose weights have factors per domain (STAR).

    For a row of domain d, the kernel is the elementwise product `W * W_d` and the bias
    is `b + b_d` (Sheng et al. 2021, equation 5). Initially, all factors `W_d` are 1 and
    all `b_d` are 0, so the domains are equal.

    Args:
        units: The number of units.
        use_bias: Whether there is a shared bias `b`. It has no effect before a
            normalization. With several domains there are always biases `b_d`.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: A list of the rows, (N, width), and the shares of the domains,
            (N, D): see `DomainMembership`.

    Call returns:
        A tensor of shape (N, units).

    Example:

    >>> import numpy as np
    >>> StarDense(4)([np.ones((5, 3)), np.ones((5, 2)) / 2]).shape.as_list()
    [5, 4]
    """

    def __init__(self, units, use_bias=True, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.use_bias = use_bias

    def build(self, input_shape):
        rows, shares = input_shape
        width, domains = rows[1], shares[1]
        self.kernel = self.add_weight(
            name="kernel", shape=(width, self.units), initializer="glorot_uniform"
        )
        self.bias = self.domain_biases = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias", shape=(self.units,), initializer="zeros"
            )
        self.domain_factors = self.add_weight(
            name="domain_factors",
            shape=(domains, width, self.units),
            initializer="ones",
        )
        if self.use_bias or domains > 1:
            self.domain_biases = self.add_weight(
                name="domain_biases", shape=(domains, self.units), initializer="zeros"
            )
        self.built = True

    def call(self, inputs):
        rows, shares = inputs
        # One product for all domains; each row then selects the part of its domain.
        kernels = self.domain_factors * self.kernel
        domains, width = kernels.shape[:2]
        flat = ops.reshape(ops.transpose(kernels, (1, 0, 2)), (width, -1))
        products = ops.reshape(ops.matmul(rows, flat), (-1, domains, self.units))
        if self.domain_biases is not None:
            products = products + self.domain_biases
        outputs = ops.sum(ops.expand_dims(shares, -1) * products, axis=1)
        return outputs if self.bias is None else outputs + self.bias

    def compute_output_shape(self, input_shape):
        return (input_shape[0][0], self.units)

    def get_config(self):
        return {**super().get_config(), "units": self.units, "use_bias": self.use_bias}

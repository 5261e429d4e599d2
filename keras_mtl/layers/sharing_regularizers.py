"""Penalties that pull the weights of stacked layers together, or apart."""

import keras
import numpy as np
from keras import ops

from keras_mtl.layers.training_layers import setting_value

__all__ = ["SquaredDistance", "SubspaceOverlap", "TraceNorm"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class SquaredDistance(keras.regularizers.Regularizer):
    """Regularizer: the squared distance of stacked weights from their mean.

    `strength * sum_t ||W_t - mean(W)||^2`, after Duong et al. (2015), who regularize
    two parsers in this way.

    Args:
        strength: The factor, 0 or more.
        setting: The setting of the architecture that the strength is, if any:
            members that train together may have strengths of their own.

    Example:

    >>> weights = np.array([[[1.0]], [[3.0]]], "float32")
    >>> float(SquaredDistance(0.5)(weights))
    1.0
    """

    def __init__(self, strength, setting=""):
        self.strength = strength
        self.setting = setting

    def __call__(self, x):
        difference = x - ops.mean(x, axis=0, keepdims=True)
        strength = setting_value(self.setting, self.strength)
        return strength * ops.sum(ops.square(difference))

    def get_config(self):
        return {"strength": self.strength, "setting": self.setting}


@keras.saving.register_keras_serializable(package="keras_mtl")
class TraceNorm(keras.regularizers.Regularizer):
    """Regularizer: the nuclear norm of stacked weights (Yang and Hospedales 2017).

    The weights of each task are a row of a matrix. The penalty is `strength` times the
    sum of the singular values of the matrix, which favors linearly dependent rows. The
    gradient at singular values near 0 is smoothed.

    Args:
        strength: The factor, 0 or more.
        setting: The setting of the architecture that the strength is, if any:
            members that train together may have strengths of their own.

    Example:

    >>> weights = np.array([[[3.0, 0.0]], [[0.0, 4.0]]], "float32")
    >>> round(float(TraceNorm(1.0)(weights)), 3)
    7.0
    """

    def __init__(self, strength, setting=""):
        self.strength = strength
        self.setting = setting

    def __call__(self, x):
        rows = ops.reshape(ops.cast(x, "float32"), (x.shape[0], -1))
        # The left singular vectors U come from the small matrix M M^T. The norm is the
        # sum of the lengths of the rows of U^T M. With U constant, the gradient of the
        # sum is the gradient of the norm, also for equal singular values.
        fixed = ops.stop_gradient(rows)
        _, vectors = ops.linalg.eigh(ops.matmul(fixed, ops.transpose(fixed)))
        turned = ops.matmul(ops.transpose(ops.stop_gradient(vectors)), rows)
        lengths = ops.sqrt(ops.sum(ops.square(turned), axis=1) + 1e-10)
        return setting_value(self.setting, self.strength) * ops.sum(lengths)

    def get_config(self):
        return {"strength": self.strength, "setting": self.setting}


@keras.saving.register_keras_serializable(package="keras_mtl")
class SubspaceOverlap(keras.regularizers.Regularizer):
    """Regularizer: the overlap of a task's subspaces (Ruder et al. 2017).

    `strength * sum_t sum_(g < h) ||W_tg^T W_th||_F^2` over the pairs of subspaces of
    each task, as in sluice networks. It is 0 if the subspaces use orthogonal directions
    of their input.

    Args:
        strength: The factor, 0 or more.
        subspaces: The number of subspaces of each task, G, which are equal parts of its
            units.
        setting: See `SquaredDistance`.

    Example:

    >>> weights = np.ones((1, 3, 2), "float32")
    >>> float(SubspaceOverlap(1.0, subspaces=2)(weights))
    9.0
    """

    def __init__(self, strength, subspaces, setting=""):
        self.strength = strength
        self.subspaces = subspaces
        self.setting = setting

    def __call__(self, x):
        tasks, width, units = x.shape
        parts = ops.reshape(x, (tasks, width, self.subspaces, units // self.subspaces))
        products = ops.einsum("twgu,twhv->tghuv", parts, parts)
        pairs = np.triu(np.ones((self.subspaces, self.subspaces), "float32"), k=1)
        squares = ops.sum(ops.square(products), axis=(0, 3, 4))
        strength = setting_value(self.setting, self.strength)
        return strength * ops.sum(squares * ops.cast(pairs, squares.dtype))

    def get_config(self):
        return {
            "strength": self.strength,
            "subspaces": self.subspaces,
            "setting": self.setting,
        }

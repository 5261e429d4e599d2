"""Metrics whose result is a vector of named values."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import keras
from keras import ops

__all__ = ["VectorMetric"]


class VectorMetric(keras.metrics.Metric):
    """Base class of metrics that compute several values at once.

    A compiled epoch uses `vector`, one tensor. The values get their `names` outside the
    compiled function. Keras's training loop uses `result`, a dict of scalars.

    Example:

    >>> class Sizes(VectorMetric):
    ...     names = ("small", "large")
    ...     def vector(self):
    ...         return ops.convert_to_tensor([1.0, 2.0])
    >>> {name: float(value) for name, value in Sizes().result().items()}
    {'small': 1.0, 'large': 2.0}
    """

    # The names of the values.
    names: tuple[str, ...] = ()

    @abstractmethod
    def vector(self) -> Any:
        """Return the values, float32 of shape (names,)."""

    def result(self) -> dict[str, Any]:
        """Return the values by name, as scalars."""
        values = ops.unstack(self.vector(), len(self.names))
        return dict(zip(self.names, values, strict=True))

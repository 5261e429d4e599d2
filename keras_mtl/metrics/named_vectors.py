"""Metrics that measure many things by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

__all__ = ["NamedVectors", "name_logs", "packed_logs"]


class NamedVectors(keras.metrics.Metric):
    """The template of a metric whose results are vectors of named values.

    A compiled step that returned each value by itself would take long to
    compile (a minute for some hundred), so it returns the vectors, and
    `name_logs` gives the values their names.

    A subclass writes `vectors` and `names`.
    """

    def vectors(self) -> dict[str, Any]:
        """Returns the values, vectors by a key that is none of the names."""
        raise NotImplementedError

    def names(self) -> dict[str, list[str]]:
        """Returns by the same keys the values' names."""
        raise NotImplementedError

    def result(self) -> dict[str, Any]:
        """Returns the values by name, scalars."""
        found: dict[str, Any] = {}
        for key, names in self.names().items():
            values = ops.unstack(self.vectors()[key], len(names))
            found.update(zip(names, values, strict=True))
        return found


def packed_logs(metrics: list[Any]) -> dict[str, Any]:
    """Returns the metrics' results, those of `NamedVectors` as vectors."""
    logs: dict[str, Any] = {}
    for metric in metrics:
        if isinstance(metric, NamedVectors):
            logs.update(metric.vectors())
            continue
        result = metric.result()
        logs.update(result if isinstance(result, dict) else {metric.name: result})
    return logs


def name_logs(logs: Mapping[str, Any], metrics: list[Any]) -> dict[str, Any]:
    """Gives the values of `packed_logs`, now known, their names.

    Example:

    >>> class Sizes(NamedVectors):
    ...     def vectors(self):
    ...         return {"sizes": ops.convert_to_tensor([1.0, 2.0])}
    ...     def names(self):
    ...         return {"sizes": ["small", "large"]}
    >>> metrics = [Sizes()]
    >>> name_logs(packed_logs(metrics), metrics)
    {'small': 1.0, 'large': 2.0}
    """
    names: dict[str, list[str]] = {}
    for metric in metrics:
        if isinstance(metric, NamedVectors):
            names.update(metric.names())
    named: dict[str, Any] = {}
    for key, value in logs.items():
        if key in names:
            values = ops.convert_to_numpy(value).tolist()
            named.update(zip(names[key], values, strict=True))
        else:
            named[key] = value
    return named

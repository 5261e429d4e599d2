"""Metrics that leave out missing labels, and measures of held-out answers."""

from keras_mtl.metrics.masked_auc import MaskedAUC
from keras_mtl.metrics.masked_means import (
    MaskedBinaryAccuracy,
    MaskedCategoricalAccuracy,
    MaskedMeanAbsoluteError,
    MaskedMeanMetric,
    MaskedMeanSquaredError,
)
from keras_mtl.metrics.measures import (
    binary_measures,
    multiclass_measures,
    multilabel_measures,
    regression_measures,
)

__all__ = [
    "MaskedAUC",
    "MaskedBinaryAccuracy",
    "MaskedCategoricalAccuracy",
    "MaskedMeanAbsoluteError",
    "MaskedMeanMetric",
    "MaskedMeanSquaredError",
    "binary_measures",
    "multiclass_measures",
    "multilabel_measures",
    "regression_measures",
]

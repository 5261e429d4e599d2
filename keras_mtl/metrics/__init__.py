"""Metrics that ignore missing labels, for Keras and for NumPy arrays."""

from typing import TYPE_CHECKING

from keras_mtl._core.lazy import lazy_names

if TYPE_CHECKING:
    # The names below, for type checkers and editors.
    from keras_mtl.metrics.masked_auc import MaskedAUC as MaskedAUC
    from keras_mtl.metrics.masked_means import (
        MaskedBinaryAccuracy as MaskedBinaryAccuracy,
        MaskedCategoricalAccuracy as MaskedCategoricalAccuracy,
        MaskedMeanAbsoluteError as MaskedMeanAbsoluteError,
        MaskedMeanMetric as MaskedMeanMetric,
        MaskedMeanSquaredError as MaskedMeanSquaredError,
    )
    from keras_mtl.metrics.from_outputs import (
        binary_metrics as binary_metrics,
        multiclass_metrics as multiclass_metrics,
        multilabel_metrics as multilabel_metrics,
        regression_metrics as regression_metrics,
    )
    from keras_mtl.metrics.stacked_metrics import (
        StackedAUC as StackedAUC,
        StackedMean as StackedMean,
        can_stack_metric as can_stack_metric,
        stack_metric as stack_metric,
    )
    from keras_mtl.metrics.vector_metric import VectorMetric as VectorMetric
else:
    __getattr__, __all__, __dir__ = lazy_names(
        __name__,
        {
            "keras_mtl.metrics.masked_auc": ("MaskedAUC",),
            "keras_mtl.metrics.masked_means": (
                "MaskedBinaryAccuracy",
                "MaskedCategoricalAccuracy",
                "MaskedMeanAbsoluteError",
                "MaskedMeanMetric",
                "MaskedMeanSquaredError",
            ),
            "keras_mtl.metrics.stacked_metrics": (
                "StackedAUC",
                "StackedMean",
                "can_stack_metric",
                "stack_metric",
            ),
            "keras_mtl.metrics.from_outputs": (
                "binary_metrics",
                "multiclass_metrics",
                "multilabel_metrics",
                "regression_metrics",
            ),
            "keras_mtl.metrics.vector_metric": ("VectorMetric",),
        },
    )

"""Metrics that leave out missing labels, and measures of held-out answers."""

from keras_mtl._core.lazy import lazy_names

__getattr__, __all__ = lazy_names(
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
        "keras_mtl.metrics.measures": (
            "binary_measures",
            "multiclass_measures",
            "multilabel_measures",
            "regression_measures",
        ),
        "keras_mtl.metrics.vector_metric": ("VectorMetric",),
    },
)

"""The scikit-learn estimator of multi-task models."""

from typing import TYPE_CHECKING

from keras_mtl._core.lazy import lazy_names

if TYPE_CHECKING:
    # The names below, for type checkers and editors.
    from keras_mtl.estimator.multi_task_estimator import (
        MultiTaskEstimator as MultiTaskEstimator,
    )
else:
    __getattr__, __all__, __dir__ = lazy_names(
        __name__,
        {"keras_mtl.estimator.multi_task_estimator": ("MultiTaskEstimator",)},
    )

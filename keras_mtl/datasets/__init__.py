"""The embedded data sets, and generators of data with a known true function."""

from typing import TYPE_CHECKING

from keras_mtl._core.lazy import lazy_names

if TYPE_CHECKING:
    # The names below, for type checkers and editors.
    from keras_mtl.datasets.curve import (
        curve_path as curve_path,
        curve_values as curve_values,
        load_curve as load_curve,
        make_curve as make_curve,
    )
    from keras_mtl.datasets.data_files import data_file as data_file
    from keras_mtl.datasets.heart_disease import (
        HEART_DISEASE_FEATURES as HEART_DISEASE_FEATURES,
        HEART_DISEASE_ZERO_IS_MISSING as HEART_DISEASE_ZERO_IS_MISSING,
        heart_disease_path as heart_disease_path,
        load_heart_disease as load_heart_disease,
    )
    from keras_mtl.datasets.related_tasks import (
        make_related_tasks as make_related_tasks,
        related_task_values as related_task_values,
        shuffle_labels as shuffle_labels,
    )
else:
    __getattr__, __all__, __dir__ = lazy_names(
        __name__,
        {
            "keras_mtl.datasets.curve": (
                "curve_path",
                "curve_values",
                "load_curve",
                "make_curve",
            ),
            "keras_mtl.datasets.data_files": ("data_file",),
            "keras_mtl.datasets.heart_disease": (
                "HEART_DISEASE_FEATURES",
                "HEART_DISEASE_ZERO_IS_MISSING",
                "heart_disease_path",
                "load_heart_disease",
            ),
            "keras_mtl.datasets.related_tasks": (
                "make_related_tasks",
                "related_task_values",
                "shuffle_labels",
            ),
        },
    )

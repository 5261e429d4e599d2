"""The embedded data sets."""

from keras_mtl._core.lazy import lazy_names

__getattr__, __all__ = lazy_names(
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
    },
)

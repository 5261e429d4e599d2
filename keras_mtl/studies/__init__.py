"""Studies: what an activation does."""

from keras_mtl._core.lazy import lazy_names

__getattr__, __all__ = lazy_names(
    __name__,
    {
        "keras_mtl.studies.activation_study": (
            "ActivationResult",
            "ActivationStudy",
            "study_activations",
        ),
        "keras_mtl.studies.curve_rows": ("CurveRows", "read_curve"),
        "keras_mtl.studies.noise_ceiling": ("noise_variance",),
        "keras_mtl.studies.regressor_bank": (
            "ParallelDense",
            "RegressorBank",
            "summed_squared_error",
        ),
        "keras_mtl.studies.settings": ("StudySettings", "study_settings"),
        "keras_mtl.studies.straight_line": ("collapse_to_line",),
    },
)

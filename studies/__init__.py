"""Studies of the effect of activations."""

from keras_mtl._core.lazy import lazy_names

__getattr__, __all__, __dir__ = lazy_names(
    __name__,
    {
        "studies.activation_study": (
            "ActivationResult",
            "ActivationStudy",
            "study_activations",
        ),
        "studies.curve_rows": ("CurveRows", "noise_variance", "read_curve"),
        "studies.settings": ("StudySettings", "study_settings"),
        "studies.straight_line": ("collapse_to_line",),
    },
)

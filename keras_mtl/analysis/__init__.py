"""Looking into models: idle units, and tasks whose gradients conflict."""

from keras_mtl._core.lazy import lazy_names

__getattr__, __all__ = lazy_names(
    __name__,
    {
        "keras_mtl.analysis.activity": (
            "activity_sentences",
            "unit_activity",
        ),
        "keras_mtl.analysis.activity_callback": ("UnitActivity",),
        "keras_mtl.analysis.gradient_conflict": (
            "GradientConflict",
            "conflict_columns",
        ),
    },
)

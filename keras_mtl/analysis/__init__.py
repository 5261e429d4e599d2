"""Looking into models: units that are dead or saturated."""

from keras_mtl.lazy import lazy_names

__getattr__, __all__ = lazy_names(
    __name__,
    {
        "keras_mtl.analysis.activity": (
            "activity_sentences",
            "unit_activity",
        ),
        "keras_mtl.analysis.activity_callback": ("UnitActivity",),
    },
)

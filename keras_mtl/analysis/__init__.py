"""Looking into models: idle units, and tasks whose gradients conflict."""

from typing import TYPE_CHECKING

from keras_mtl._core.lazy import lazy_names

if TYPE_CHECKING:
    # The names below, for type checkers and editors.
    from keras_mtl.analysis.activity import (
        activity_sentences as activity_sentences,
        unit_activity as unit_activity,
    )
    from keras_mtl.analysis.activity_callback import UnitActivity as UnitActivity
    from keras_mtl.analysis.gradient_conflict import (
        GradientConflict as GradientConflict,
        conflict_columns as conflict_columns,
    )
else:
    __getattr__, __all__, __dir__ = lazy_names(
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

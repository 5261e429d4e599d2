"""Comparison of multi-task networks with other models, by cross-validation."""

from typing import TYPE_CHECKING

from keras_mtl._core.lazy import lazy_names

if TYPE_CHECKING:
    # The names below, for type checkers and editors.
    from keras_mtl.comparison.comparison import Comparison as Comparison
    from keras_mtl.comparison.scripts import compare_sharing as compare_sharing
    from keras_mtl.comparison.settings import ComparisonSettings as ComparisonSettings
else:
    __getattr__, __all__, __dir__ = lazy_names(
        __name__,
        {
            "keras_mtl.comparison.comparison": ("Comparison",),
            "keras_mtl.comparison.scripts": ("compare_sharing",),
            "keras_mtl.comparison.settings": ("ComparisonSettings",),
        },
    )

"""Losses that ignore missing labels."""

from typing import TYPE_CHECKING

from keras_mtl._core.lazy import lazy_names

if TYPE_CHECKING:
    # The names below, for type checkers and editors.
    from keras_mtl.losses.masked_binary_crossentropy import (
        MaskedBinaryCrossentropy as MaskedBinaryCrossentropy,
    )
    from keras_mtl.losses.masked_categorical_crossentropy import (
        MaskedCategoricalCrossentropy as MaskedCategoricalCrossentropy,
    )
    from keras_mtl.losses.masked_loss import (
        MaskedLoss as MaskedLoss,
    )
    from keras_mtl.losses.masked_squared_error import (
        MaskedSquaredError as MaskedSquaredError,
    )
    from keras_mtl.losses.masked_summed_binary_crossentropy import (
        MaskedSummedBinaryCrossentropy as MaskedSummedBinaryCrossentropy,
    )
    from keras_mtl.losses.masked_transformed_error import (
        MaskedTransformedError as MaskedTransformedError,
    )
else:
    __getattr__, __all__, __dir__ = lazy_names(
        __name__,
        {
            "keras_mtl.losses.masked_binary_crossentropy": (
                "MaskedBinaryCrossentropy",
            ),
            "keras_mtl.losses.masked_categorical_crossentropy": (
                "MaskedCategoricalCrossentropy",
            ),
            "keras_mtl.losses.masked_loss": ("MaskedLoss",),
            "keras_mtl.losses.masked_squared_error": ("MaskedSquaredError",),
            "keras_mtl.losses.masked_summed_binary_crossentropy": (
                "MaskedSummedBinaryCrossentropy",
            ),
            "keras_mtl.losses.masked_transformed_error": ("MaskedTransformedError",),
        },
    )

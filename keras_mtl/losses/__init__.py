"""Losses that leave out missing labels."""

from keras_mtl.losses.masked_binary_crossentropy import MaskedBinaryCrossentropy
from keras_mtl.losses.masked_categorical_crossentropy import (
    MaskedCategoricalCrossentropy,
)
from keras_mtl.losses.masked_loss import MaskedLoss
from keras_mtl.losses.masked_squared_error import MaskedSquaredError
from keras_mtl.losses.masked_summed_binary_crossentropy import (
    MaskedSummedBinaryCrossentropy,
)

__all__ = [
    "MaskedBinaryCrossentropy",
    "MaskedCategoricalCrossentropy",
    "MaskedLoss",
    "MaskedSquaredError",
    "MaskedSummedBinaryCrossentropy",
]

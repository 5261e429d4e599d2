"""Keras layers that are not tied to one architecture."""

from keras_mtl.layers.head_stack import (
    HeadStack,
    StackedHeads,
    stacked_heads,
    stacked_outputs,
)
from keras_mtl.layers.stacked_activation import StackedActivation
from keras_mtl.layers.stacked_dense import StackedDense
from keras_mtl.layers.standardized_output import StandardizedOutput

__all__ = [
    "HeadStack",
    "StackedActivation",
    "StackedDense",
    "StackedHeads",
    "StandardizedOutput",
    "stacked_heads",
    "stacked_outputs",
]

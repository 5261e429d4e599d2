"""Keras layers that are not tied to one architecture."""

from keras_mtl.layers.head_stack import HeadStack
from keras_mtl.layers.split_tasks import SplitTasks
from keras_mtl.layers.stacked_activation import StackedActivation
from keras_mtl.layers.stacked_dense import StackedDense
from keras_mtl.layers.standardized_output import StandardizedOutput

__all__ = [
    "HeadStack",
    "SplitTasks",
    "StackedActivation",
    "StackedDense",
    "StandardizedOutput",
]

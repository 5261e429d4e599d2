"""Keras layers that are not tied to one architecture."""

from keras_mtl.layers.cross_stitch import CrossStitch
from keras_mtl.layers.expert_gate import ExpertGate
from keras_mtl.layers.head_stack import HeadStack
from keras_mtl.layers.mix_experts import MixExperts, MixOwnExperts, RenormalizeGate
from keras_mtl.layers.sharing_regularizers import (
    SquaredDistance,
    SubspaceOverlap,
    TraceNorm,
)
from keras_mtl.layers.split_tasks import SplitTasks
from keras_mtl.layers.stack_shapes import RepeatStack, SplitStack, TakeStack
from keras_mtl.layers.stacked_activation import StackedActivation
from keras_mtl.layers.stacked_dense import StackedDense
from keras_mtl.layers.stacked_normalization import StackedNormalization
from keras_mtl.layers.standardized_output import StandardizedOutput

__all__ = [
    "CrossStitch",
    "ExpertGate",
    "HeadStack",
    "MixExperts",
    "MixOwnExperts",
    "RenormalizeGate",
    "RepeatStack",
    "SplitStack",
    "SplitTasks",
    "SquaredDistance",
    "StackedActivation",
    "StackedDense",
    "StackedNormalization",
    "StandardizedOutput",
    "SubspaceOverlap",
    "TakeStack",
    "TraceNorm",
]

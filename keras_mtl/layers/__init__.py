"""Keras layers that are not tied to one architecture."""

from keras_mtl.layers.chained_probability import ChainedProbability
from keras_mtl.layers.cross_stitch import CrossStitch
from keras_mtl.layers.expert_gate import ExpertGate
from keras_mtl.layers.head_stack import HeadStack
from keras_mtl.layers.mask_rows import MaskRows
from keras_mtl.layers.mix_experts import MixExperts, MixOwnExperts, RenormalizeGate
from keras_mtl.layers.mix_layers import MixLayers
from keras_mtl.layers.select_gate import SelectGate
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
from keras_mtl.layers.star_dense import DomainMembership, StarDense

__all__ = [
    "ChainedProbability",
    "CrossStitch",
    "DomainMembership",
    "ExpertGate",
    "HeadStack",
    "MaskRows",
    "MixExperts",
    "MixLayers",
    "MixOwnExperts",
    "RenormalizeGate",
    "RepeatStack",
    "SelectGate",
    "SplitStack",
    "SplitTasks",
    "SquaredDistance",
    "StackedActivation",
    "StackedDense",
    "StackedNormalization",
    "StandardizedOutput",
    "StarDense",
    "SubspaceOverlap",
    "TakeStack",
    "TraceNorm",
]

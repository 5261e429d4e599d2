"""Helpers that create auxiliary tasks: hints, hindsight and others."""

from keras_mtl.auxiliary.helper import AuxiliaryHelper, AuxiliaryTasks
from keras_mtl.auxiliary.hindsight import Hindsight
from keras_mtl.auxiliary.hint import Hint
from keras_mtl.auxiliary.kinds import (
    AUXILIARY_KINDS,
    deserialize_helper,
    parse_auxiliary,
    serialize_helper,
)
from keras_mtl.auxiliary.missing_pattern import MissingPattern
from keras_mtl.auxiliary.reconstruction import Reconstruction
from keras_mtl.auxiliary.smoothed import Smoothed

__all__ = [
    "AUXILIARY_KINDS",
    "AuxiliaryHelper",
    "AuxiliaryTasks",
    "Hindsight",
    "Hint",
    "MissingPattern",
    "Reconstruction",
    "Smoothed",
    "deserialize_helper",
    "parse_auxiliary",
    "serialize_helper",
]

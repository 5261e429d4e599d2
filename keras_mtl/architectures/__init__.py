"""Builders of models, one a file."""

from keras_mtl.architectures.ensemble import average_members
from keras_mtl.architectures.hard_sharing import build_hard_sharing
from keras_mtl.architectures.raw_features import join_encoder
from keras_mtl.architectures.regressors import build_regressor, regressor_trunk

__all__ = [
    "average_members",
    "build_hard_sharing",
    "build_regressor",
    "join_encoder",
    "regressor_trunk",
]

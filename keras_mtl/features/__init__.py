"""Raw columns to one float matrix, by Keras layers inside the graph.

A feature is declared or inferred (`infer_features`), learns its statistics
from training rows (`learn_features`), and becomes layers (`build_encoder`).
To add a kind of feature, write one file here with one subclass of `Feature`
and add it to `FEATURE_KINDS`.
"""

from keras_mtl.features.arrays import encode_frame, feature_arrays, feature_tensors
from keras_mtl.features.encoder import build_encoder
from keras_mtl.features.infer import infer_features

from keras_mtl.features.boolean import BooleanFeature
from keras_mtl.features.categorical import CategoricalFeature
from keras_mtl.features.feature import Feature
from keras_mtl.features.kinds import (
    FEATURE_KINDS,
    deserialize_feature,
    serialize_feature,
)
from keras_mtl.features.learn import learn_features
from keras_mtl.features.numeric import NumericFeature

__all__ = [
    "FEATURE_KINDS",
    "BooleanFeature",
    "CategoricalFeature",
    "Feature",
    "NumericFeature",
    "build_encoder",
    "deserialize_feature",
    "encode_frame",
    "feature_arrays",
    "feature_tensors",
    "infer_features",
    "learn_features",
    "serialize_feature",
]

"""Features: raw columns as one float matrix, encoded by Keras layers in the graph.

A feature is declared, or inferred by `infer_features`. `learn_features` computes its
statistics from training rows. `build_encoder` turns adapted features into layers. Each
kind of feature is one subclass of `Feature` in its own file, with a line in
`FEATURE_KINDS`. A plugin adds a kind with `register_feature_kind`.
"""

from typing import TYPE_CHECKING

from keras_mtl._core.lazy import lazy_names

if TYPE_CHECKING:
    # The names below, for type checkers and editors.
    from keras_mtl.features.arrays import (
        encode_frame as encode_frame,
        encode_parts as encode_parts,
        feature_arrays as feature_arrays,
        feature_tensors as feature_tensors,
    )
    from keras_mtl.features.boolean import BooleanFeature as BooleanFeature
    from keras_mtl.features.categorical import CategoricalFeature as CategoricalFeature
    from keras_mtl.features.date import DateFeature as DateFeature
    from keras_mtl.features.encoder import (
        build_encoder as build_encoder,
        encoded_names as encoded_names,
    )
    from keras_mtl.features.feature import Feature as Feature
    from keras_mtl.features.hashed import HashedFeature as HashedFeature
    from keras_mtl.features.infer import (
        feature_name as feature_name,
        infer_features as infer_features,
    )
    from keras_mtl.features.kinds import (
        FEATURE_KINDS as FEATURE_KINDS,
        deserialize_feature as deserialize_feature,
        register_feature_kind as register_feature_kind,
        serialize_feature as serialize_feature,
    )
    from keras_mtl.features.learn import learn_features as learn_features
    from keras_mtl.features.numeric import NumericFeature as NumericFeature
else:
    __getattr__, __all__, __dir__ = lazy_names(
        __name__,
        {
            "keras_mtl.features.arrays": (
                "encode_frame",
                "encode_parts",
                "feature_arrays",
                "feature_tensors",
            ),
            "keras_mtl.features.boolean": ("BooleanFeature",),
            "keras_mtl.features.categorical": ("CategoricalFeature",),
            "keras_mtl.features.date": ("DateFeature",),
            "keras_mtl.features.encoder": ("build_encoder", "encoded_names"),
            "keras_mtl.features.feature": ("Feature",),
            "keras_mtl.features.hashed": ("HashedFeature",),
            "keras_mtl.features.infer": ("feature_name", "infer_features"),
            "keras_mtl.features.kinds": (
                "FEATURE_KINDS",
                "deserialize_feature",
                "register_feature_kind",
                "serialize_feature",
            ),
            "keras_mtl.features.learn": ("learn_features",),
            "keras_mtl.features.numeric": ("NumericFeature",),
        },
    )

"""Raw columns to one float matrix, by Keras layers inside the graph.

A feature is declared or inferred (`infer_features`), learns its statistics
from training rows (`learn_features`), and becomes layers (`build_encoder`).
A kind of feature is one file here with one subclass of `Feature`, and its line
in `FEATURE_KINDS`; a plugin adds its own by `register_feature_kind`.
"""

from keras_mtl._core.lazy import lazy_names

__getattr__, __all__ = lazy_names(
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
        "keras_mtl.features.encoder": ("build_encoder", "encoded_names"),
        "keras_mtl.features.feature": ("Feature",),
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

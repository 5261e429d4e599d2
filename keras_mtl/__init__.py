"""Multi-task learning for Keras 3, from a CSV to a served model.

The public names are loaded when they are first used, so that importing the
package imports neither Keras nor TensorFlow.
"""

from keras_mtl.lazy import lazy_names
from keras_mtl.registration import register_when_keras_loads

__version__ = "0.1.0"

__getattr__, __all__ = lazy_names(
    __name__,
    {
        "keras_mtl.analysis": ("UnitActivity", "unit_activity"),
        "keras_mtl.architectures": (
            "average_members",
            "build_hard_sharing",
            "build_regressor",
            "join_encoder",
            "regressor_trunk",
        ),
        "keras_mtl.datasets": (
            "load_curve",
            "load_heart_disease",
            "make_curve",
        ),
        "keras_mtl.errors": ("DataWarning", "UserError"),
        "keras_mtl.features": (
            "BooleanFeature",
            "CategoricalFeature",
            "NumericFeature",
            "build_encoder",
            "encode_frame",
            "feature_arrays",
            "feature_tensors",
            "infer_features",
            "learn_features",
        ),
        "keras_mtl.tables": ("read_csv",),
        "keras_mtl.tasks": (
            "BinaryTask",
            "MulticlassTask",
            "MultilabelTask",
            "RegressionTask",
        ),
        "keras_mtl.training": (
            "MemberFit",
            "MemberSettings",
            "MultiTaskModel",
            "TrainingSettings",
            "fit_members",
        ),
    },
)

register_when_keras_loads()

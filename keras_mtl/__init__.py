"""Multi-task learning for Keras 3, from a CSV to a served model.

The public names are loaded when they are first used, so that importing the
package imports neither Keras nor TensorFlow.
"""

from keras_mtl._core.lazy import lazy_names
from keras_mtl.registration import register_when_keras_loads

__version__ = "0.1.0"

__getattr__, __all__ = lazy_names(
    __name__,
    {
        "keras_mtl.analysis": ("UnitActivity", "unit_activity"),
        "keras_mtl._core.declarations": ("Declaration", "declaration"),
        "keras_mtl.architectures": (
            "ArchitectureSettings",
            "average_members",
            "build_hard_sharing",
            "build_regressor",
            "join_encoder",
            "register_architecture",
            "regressor_trunk",
        ),
        "keras_mtl.datasets": (
            "load_curve",
            "load_heart_disease",
            "make_curve",
        ),
        "keras_mtl.errors": ("DataWarning", "PluginWarning", "UserError"),
        "keras_mtl.features": (
            "BooleanFeature",
            "CategoricalFeature",
            "Feature",
            "NumericFeature",
            "build_encoder",
            "encode_frame",
            "feature_arrays",
            "feature_tensors",
            "infer_features",
            "learn_features",
            "register_feature_kind",
        ),
        "keras_mtl.tables": ("read_csv",),
        "keras_mtl.tasks": (
            "BinaryTask",
            "MulticlassTask",
            "MultilabelTask",
            "RegressionTask",
            "Task",
            "register_task_kind",
        ),
        "keras_mtl.model": ("MultiTaskModel",),
        "keras_mtl.training": (
            "MemberFit",
            "MemberSettings",
            "TrainingSettings",
            "fit_members",
        ),
        "keras_mtl.weighting": ("register_weighting",),
    },
)

register_when_keras_loads()

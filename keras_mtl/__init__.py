"""Multi-task learning for Keras 3, from a CSV to a served model.

The public names are loaded when they are first used, so that importing the
package imports neither Keras nor TensorFlow.
"""

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "keras_mtl.architectures": (
        "average_members",
        "build_hard_sharing",
        "join_encoder",
    ),
    "keras_mtl.datasets": ("load_heart_disease", "read_csv"),
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
    "keras_mtl.tasks": (
        "BinaryTask",
        "MulticlassTask",
        "MultilabelTask",
        "RegressionTask",
    ),
    "keras_mtl.training": (
        "MemberFit",
        "MultiTaskModel",
        "TrainingSettings",
        "fit_members",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = ["__version__", *sorted(_HOME_OF)]

def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'keras_mtl' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return __all__

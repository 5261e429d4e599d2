"""Builders of models, one per file, and the registry that they are chosen from."""

from keras_mtl._core.lazy import lazy_names

__getattr__, __all__ = lazy_names(
    __name__,
    {
        "keras_mtl.architectures.ensemble": ("average_members",),
        "keras_mtl.architectures.heads": ("build_heads",),
        "keras_mtl.architectures.hard_sharing": ("build_hard_sharing",),
        "keras_mtl.architectures.raw_features": ("join_encoder",),
        "keras_mtl.architectures.registry": (
            "ARCHITECTURES",
            "build_architecture",
            "register_architecture",
        ),
        "keras_mtl.architectures.regressors": ("build_regressor", "regressor_trunk"),
        "keras_mtl.architectures.settings": ("ArchitectureSettings",),
    },
)

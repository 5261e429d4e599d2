"""Builders of models, one per file, and the registry that they are chosen from."""

from typing import TYPE_CHECKING

from keras_mtl._core.lazy import lazy_names

if TYPE_CHECKING:
    # The names below, for type checkers and editors.
    from keras_mtl.architectures.ensemble import average_members as average_members
    from keras_mtl.architectures.hard_sharing import (
        build_hard_sharing as build_hard_sharing,
    )
    from keras_mtl.architectures.heads import build_heads as build_heads
    from keras_mtl.architectures.raw_features import join_encoder as join_encoder
    from keras_mtl.architectures.registry import (
        ARCHITECTURES as ARCHITECTURES,
        build_architecture as build_architecture,
        register_architecture as register_architecture,
    )
    from keras_mtl.architectures.regressors import (
        build_regressor as build_regressor,
        regressor_trunk as regressor_trunk,
    )
    from keras_mtl.architectures.settings import (
        ArchitectureSettings as ArchitectureSettings,
    )
else:
    __getattr__, __all__, __dir__ = lazy_names(
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
            "keras_mtl.architectures.regressors": (
                "build_regressor",
                "regressor_trunk",
            ),
            "keras_mtl.architectures.settings": ("ArchitectureSettings",),
        },
    )

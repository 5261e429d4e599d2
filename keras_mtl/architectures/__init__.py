"""Architectures: builders of models that share layers in different ways."""

from typing import TYPE_CHECKING

from keras_mtl._core.lazy import lazy_names

if TYPE_CHECKING:
    # The names below, for type checkers and editors.
    from keras_mtl.architectures.calibrated import calibrate_model as calibrate_model
    from keras_mtl.architectures.cgc import build_cgc as build_cgc
    from keras_mtl.architectures.chain import build_chain as build_chain
    from keras_mtl.architectures.cross_stitch import (
        build_cross_stitch as build_cross_stitch,
    )
    from keras_mtl.architectures.dselect_k import build_dselect_k as build_dselect_k
    from keras_mtl.architectures.ensemble import average_members as average_members
    from keras_mtl.architectures.hard_sharing import (
        build_hard_sharing as build_hard_sharing,
    )
    from keras_mtl.architectures.heads import build_heads as build_heads
    from keras_mtl.architectures.home import build_home as build_home
    from keras_mtl.architectures.mmoe import build_mmoe as build_mmoe
    from keras_mtl.architectures.mtan import build_mtan as build_mtan
    from keras_mtl.architectures.ple import build_ple as build_ple
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
        AttentionSettings as AttentionSettings,
        ChainSettings as ChainSettings,
        CrossStitchSettings as CrossStitchSettings,
        ExtractionSettings as ExtractionSettings,
        HomeSettings as HomeSettings,
        MixtureSettings as MixtureSettings,
        ProgressiveExtractionSettings as ProgressiveExtractionSettings,
        SelectionSettings as SelectionSettings,
        SingleTaskSettings as SingleTaskSettings,
        SluiceSettings as SluiceSettings,
        SoftSharingSettings as SoftSharingSettings,
        StarSettings as StarSettings,
    )
    from keras_mtl.architectures.single_task import (
        build_single_task as build_single_task,
    )
    from keras_mtl.architectures.sluice import build_sluice as build_sluice
    from keras_mtl.architectures.soft_sharing import (
        build_soft_sharing as build_soft_sharing,
    )
    from keras_mtl.architectures.solved import (
        Solution as Solution,
        SolvedRows as SolvedRows,
        SolvedSettings as SolvedSettings,
        solved_settings as solved_settings,
    )
    from keras_mtl.architectures.star import build_star as build_star
    from keras_mtl.architectures.main_tasks import (
        without_auxiliary as without_auxiliary,
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
            "keras_mtl.architectures.settings": (
                "ArchitectureSettings",
                "AttentionSettings",
                "ChainSettings",
                "CrossStitchSettings",
                "ExtractionSettings",
                "HomeSettings",
                "MixtureSettings",
                "ProgressiveExtractionSettings",
                "SelectionSettings",
                "SingleTaskSettings",
                "SluiceSettings",
                "SoftSharingSettings",
                "StarSettings",
            ),
            "keras_mtl.architectures.calibrated": ("calibrate_model",),
            "keras_mtl.architectures.cgc": ("build_cgc",),
            "keras_mtl.architectures.chain": ("build_chain",),
            "keras_mtl.architectures.cross_stitch": ("build_cross_stitch",),
            "keras_mtl.architectures.dselect_k": ("build_dselect_k",),
            "keras_mtl.architectures.home": ("build_home",),
            "keras_mtl.architectures.mmoe": ("build_mmoe",),
            "keras_mtl.architectures.mtan": ("build_mtan",),
            "keras_mtl.architectures.ple": ("build_ple",),
            "keras_mtl.architectures.single_task": ("build_single_task",),
            "keras_mtl.architectures.sluice": ("build_sluice",),
            "keras_mtl.architectures.soft_sharing": ("build_soft_sharing",),
            "keras_mtl.architectures.solved": (
                "Solution",
                "SolvedRows",
                "SolvedSettings",
                "solved_settings",
            ),
            "keras_mtl.architectures.star": ("build_star",),
            "keras_mtl.architectures.main_tasks": ("without_auxiliary",),
        },
    )

"""Keras layers that are not tied to one architecture."""

from typing import TYPE_CHECKING

from keras_mtl._core.lazy import lazy_names

if TYPE_CHECKING:
    # The names below, for type checkers and editors.
    from keras_mtl.layers.chained_probability import (
        ChainedProbability as ChainedProbability,
    )
    from keras_mtl.layers.column_scaling import (
        ColumnScaling as ColumnScaling,
    )
    from keras_mtl.layers.cross_stitch import (
        CrossStitch as CrossStitch,
    )
    from keras_mtl.layers.expert_gate import (
        ExpertGate as ExpertGate,
    )
    from keras_mtl.layers.fill_columns import (
        FillColumns as FillColumns,
    )
    from keras_mtl.layers.head_stack import (
        HeadStack as HeadStack,
    )
    from keras_mtl.layers.index_embedding import (
        IndexEmbedding as IndexEmbedding,
    )
    from keras_mtl.layers.mask_rows import (
        MaskRows as MaskRows,
    )
    from keras_mtl.layers.mix_experts import (
        MixExperts as MixExperts,
        MixOwnExperts as MixOwnExperts,
        RenormalizeGate as RenormalizeGate,
    )
    from keras_mtl.layers.mix_layers import (
        MixLayers as MixLayers,
    )
    from keras_mtl.layers.periodic_embedding import (
        PeriodicEmbedding as PeriodicEmbedding,
    )
    from keras_mtl.layers.piecewise_embedding import (
        PiecewiseEmbedding as PiecewiseEmbedding,
    )
    from keras_mtl.layers.piecewise_linear_map import (
        PiecewiseLinearMap as PiecewiseLinearMap,
    )
    from keras_mtl.layers.select_gate import (
        SelectGate as SelectGate,
    )
    from keras_mtl.layers.sharing_regularizers import (
        SquaredDistance as SquaredDistance,
        SubspaceOverlap as SubspaceOverlap,
        TraceNorm as TraceNorm,
    )
    from keras_mtl.layers.split_tasks import (
        SplitTasks as SplitTasks,
    )
    from keras_mtl.layers.training_layers import (
        setting_value as setting_value,
    )
    from keras_mtl.layers.stack_shapes import (
        RepeatStack as RepeatStack,
        SplitStack as SplitStack,
        TakeStack as TakeStack,
    )
    from keras_mtl.layers.stacked_activation import (
        StackedActivation as StackedActivation,
    )
    from keras_mtl.layers.stacked_dense import (
        StackedDense as StackedDense,
    )
    from keras_mtl.layers.stacked_normalization import (
        StackedNormalization as StackedNormalization,
    )
    from keras_mtl.layers.standardized_output import (
        StandardizedOutput as StandardizedOutput,
    )
    from keras_mtl.layers.star_dense import (
        DomainMembership as DomainMembership,
        StarDense as StarDense,
    )
    from keras_mtl.layers.support_kernel import (
        SupportKernel as SupportKernel,
    )
    from keras_mtl.layers.deviation_output import (
        DeviationOutput as DeviationOutput,
    )
    from keras_mtl.layers.process_scores import (
        ProcessScores as ProcessScores,
    )
    from keras_mtl.layers.weight_deviations import (
        WeightDeviations as WeightDeviations,
    )
    from keras_mtl.layers.temperature_scaling import (
        TemperatureScaling as TemperatureScaling,
    )
    from keras_mtl.layers.transformed_output import (
        TransformedOutput as TransformedOutput,
    )
else:
    __getattr__, __all__, __dir__ = lazy_names(
        __name__,
        {
            "keras_mtl.layers.chained_probability": ("ChainedProbability",),
            "keras_mtl.layers.column_scaling": ("ColumnScaling",),
            "keras_mtl.layers.cross_stitch": ("CrossStitch",),
            "keras_mtl.layers.expert_gate": ("ExpertGate",),
            "keras_mtl.layers.fill_columns": ("FillColumns",),
            "keras_mtl.layers.head_stack": ("HeadStack",),
            "keras_mtl.layers.index_embedding": ("IndexEmbedding",),
            "keras_mtl.layers.mask_rows": ("MaskRows",),
            "keras_mtl.layers.mix_experts": (
                "MixExperts",
                "MixOwnExperts",
                "RenormalizeGate",
            ),
            "keras_mtl.layers.mix_layers": ("MixLayers",),
            "keras_mtl.layers.periodic_embedding": ("PeriodicEmbedding",),
            "keras_mtl.layers.piecewise_embedding": ("PiecewiseEmbedding",),
            "keras_mtl.layers.piecewise_linear_map": ("PiecewiseLinearMap",),
            "keras_mtl.layers.select_gate": ("SelectGate",),
            "keras_mtl.layers.sharing_regularizers": (
                "SquaredDistance",
                "SubspaceOverlap",
                "TraceNorm",
            ),
            "keras_mtl.layers.split_tasks": ("SplitTasks",),
            "keras_mtl.layers.stack_shapes": (
                "RepeatStack",
                "SplitStack",
                "TakeStack",
            ),
            "keras_mtl.layers.stacked_activation": ("StackedActivation",),
            "keras_mtl.layers.stacked_dense": ("StackedDense",),
            "keras_mtl.layers.stacked_normalization": ("StackedNormalization",),
            "keras_mtl.layers.standardized_output": ("StandardizedOutput",),
            "keras_mtl.layers.star_dense": (
                "DomainMembership",
                "StarDense",
            ),
            "keras_mtl.layers.support_kernel": ("SupportKernel",),
            "keras_mtl.layers.deviation_output": ("DeviationOutput",),
            "keras_mtl.layers.process_scores": ("ProcessScores",),
            "keras_mtl.layers.weight_deviations": ("WeightDeviations",),
            "keras_mtl.layers.temperature_scaling": ("TemperatureScaling",),
            "keras_mtl.layers.training_layers": ("setting_value",),
            "keras_mtl.layers.transformed_output": ("TransformedOutput",),
        },
    )

"""Making Keras know the package's classes, whoever loads a model."""

import importlib
from types import ModuleType
from typing import Any

import wrapt

from keras_mtl.weighting.registry import WEIGHTINGS

__all__ = ["register_when_keras_loads"]

# By module the classes that it registers with `register_keras_serializable`.
COMPONENTS = {
    "keras_mtl.features._boolean_encoding": ("BooleanEncoding",),
    "keras_mtl.features._category_encoding": ("CategoryEncoding",),
    "keras_mtl.features._date_encoding": ("DateEncoding",),
    "keras_mtl.features._hash_encoding": ("HashEncoding",),
    "keras_mtl.features._join_blocks": ("JoinBlocks",),
    "keras_mtl.features._numeric_encoding": ("NumericEncoding",),
    "keras_mtl.layers.chained_probability": ("ChainedProbability",),
    "keras_mtl.layers.column_scaling": ("ColumnScaling",),
    "keras_mtl.layers.cross_stitch": (
        "CrossStitch",
        "StitchStart",
    ),
    "keras_mtl.layers.deviation_output": ("DeviationOutput",),
    "keras_mtl.layers.expert_gate": ("ExpertGate",),
    "keras_mtl.layers.fill_columns": ("FillColumns",),
    "keras_mtl.layers.head_stack": ("HeadStack",),
    "keras_mtl.layers.index_embedding": ("IndexEmbedding",),
    "keras_mtl.layers.mask_rows": ("MaskRows",),
    "keras_mtl.layers.mix_experts": (
        "RenormalizeGate",
        "MixExperts",
        "MixOwnExperts",
    ),
    "keras_mtl.layers.mix_layers": ("MixLayers",),
    "keras_mtl.layers.periodic_embedding": ("PeriodicEmbedding",),
    "keras_mtl.layers.piecewise_embedding": ("PiecewiseEmbedding",),
    "keras_mtl.layers.piecewise_linear_map": ("PiecewiseLinearMap",),
    "keras_mtl.layers.process_scores": ("ProcessScores",),
    "keras_mtl.layers.select_gate": ("SelectGate",),
    "keras_mtl.layers.sharing_regularizers": (
        "SquaredDistance",
        "TraceNorm",
        "SubspaceOverlap",
    ),
    "keras_mtl.layers.split_tasks": ("SplitTasks",),
    "keras_mtl.layers.stack_shapes": (
        "RepeatStack",
        "TakeStack",
        "SplitStack",
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
    "keras_mtl.layers.temperature_scaling": ("TemperatureScaling",),
    "keras_mtl.layers.training_layers": (
        "PresentRowsNormalization",
        "FedDropout",
        "FedSpatialDropout1D",
        "FedSpatialDropout2D",
        "FedSpatialDropout3D",
        "FedGaussianDropout",
        "FedGaussianNoise",
        "FedAlphaDropout",
    ),
    "keras_mtl.layers.transformed_output": ("TransformedOutput",),
    "keras_mtl.layers.weight_deviations": ("WeightDeviations",),
    "keras_mtl.losses.masked_binary_crossentropy": ("MaskedBinaryCrossentropy",),
    "keras_mtl.losses.masked_categorical_crossentropy": (
        "MaskedCategoricalCrossentropy",
    ),
    "keras_mtl.losses.masked_squared_error": ("MaskedSquaredError",),
    "keras_mtl.losses.masked_summed_binary_crossentropy": (
        "MaskedSummedBinaryCrossentropy",
    ),
    "keras_mtl.losses.masked_transformed_error": ("MaskedTransformedError",),
    "keras_mtl.metrics.masked_auc": ("MaskedAUC",),
    "keras_mtl.metrics.masked_means": (
        "MaskedBinaryAccuracy",
        "MaskedCategoricalAccuracy",
        "MaskedMeanAbsoluteError",
        "MaskedMeanSquaredError",
    ),
    "keras_mtl.model.multi_task_model": ("MultiTaskModel",),
}


class LateClass:
    """Stand-in for a class with Keras until the class's module is imported.

    Keras only calls `from_config` of the object that it finds under a name. A module
    that is imported registers its classes in place of their stand-ins.

    Args:
        module: The module that defines the class.
        name: The name of the class.
    """

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._load(), attribute)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._load()(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<class {self._module}.{self._name}, not imported yet>"

    def _load(self) -> Any:
        return getattr(importlib.import_module(self._module), self._name)


def register_when_keras_loads() -> None:
    """Register the package's classes as soon as Keras is loaded.

    `import keras_mtl` must not load Keras, and `keras.saving.load_model` must find
    these classes. So their names are registered right after Keras is loaded, or now
    if it is already. No module of the package is imported for that: Keras may be
    loaded from within one of them, which is then only half loaded itself.
    """
    wrapt.register_post_import_hook(_register, "keras")


def _register(keras: ModuleType) -> None:
    known = keras.saving.get_custom_objects()
    for module, names in COMPONENTS.items():
        for name in names:
            known.setdefault(f"keras_mtl>{name}", LateClass(module, name))
    for method in WEIGHTINGS.builtin:
        target = WEIGHTINGS.find(method).target
        if isinstance(target, str):  # It is not imported, so not registered either.
            module, _, name = target.partition(":")
            known.setdefault(f"keras_mtl>{name}", LateClass(module, name))

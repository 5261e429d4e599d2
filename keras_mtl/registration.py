"""Making Keras know the package's classes, whoever loads a model."""

import importlib
from types import ModuleType

import wrapt

from keras_mtl.weighting.registry import WEIGHTINGS

__all__ = ["register_when_keras_loads"]

# All modules with `register_keras_serializable`. Whole packages are imported
# here, never a name from one: this may run while one of them is half loaded.
COMPONENTS = (
    "keras_mtl.features._boolean_encoding",
    "keras_mtl.features._category_encoding",
    "keras_mtl.features._date_encoding",
    "keras_mtl.features._hash_encoding",
    "keras_mtl.features._join_blocks",
    "keras_mtl.features._numeric_encoding",
    "keras_mtl.layers.chained_probability",
    "keras_mtl.layers.column_scaling",
    "keras_mtl.layers.cross_stitch",
    "keras_mtl.layers.deviation_output",
    "keras_mtl.layers.expert_gate",
    "keras_mtl.layers.fill_columns",
    "keras_mtl.layers.head_stack",
    "keras_mtl.layers.index_embedding",
    "keras_mtl.layers.mask_rows",
    "keras_mtl.layers.mix_experts",
    "keras_mtl.layers.mix_layers",
    "keras_mtl.layers.periodic_embedding",
    "keras_mtl.layers.piecewise_embedding",
    "keras_mtl.layers.process_scores",
    "keras_mtl.layers.weight_deviations",
    "keras_mtl.layers.piecewise_linear_map",
    "keras_mtl.layers.select_gate",
    "keras_mtl.layers.sharing_regularizers",
    "keras_mtl.layers.split_tasks",
    "keras_mtl.layers.stack_shapes",
    "keras_mtl.layers.stacked_activation",
    "keras_mtl.layers.stacked_dense",
    "keras_mtl.layers.stacked_normalization",
    "keras_mtl.layers.standardized_output",
    "keras_mtl.layers.star_dense",
    "keras_mtl.layers.support_kernel",
    "keras_mtl.layers.temperature_scaling",
    "keras_mtl.layers.training_layers",
    "keras_mtl.layers.transformed_output",
    "keras_mtl.losses.masked_binary_crossentropy",
    "keras_mtl.losses.masked_categorical_crossentropy",
    "keras_mtl.losses.masked_squared_error",
    "keras_mtl.losses.masked_summed_binary_crossentropy",
    "keras_mtl.losses.masked_transformed_error",
    "keras_mtl.metrics.masked_auc",
    "keras_mtl.metrics.masked_means",
    "keras_mtl.model.multi_task_model",
    *dict.fromkeys(WEIGHTINGS.find(name).module for name in WEIGHTINGS.builtin),
)


def register_when_keras_loads() -> None:
    """Register the package's classes as soon as Keras is loaded.

    `import keras_mtl` must not load Keras, and `keras.saving.load_model` must
    find these classes: so they are imported right after Keras is, or now when
    it is there already.
    """
    wrapt.register_post_import_hook(_register, "keras")


def _register(_: ModuleType) -> None:
    for module in COMPONENTS:
        importlib.import_module(module)

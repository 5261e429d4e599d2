"""The model class that every architecture returns."""

from keras_mtl._core.lazy import lazy_names

__getattr__, __all__ = lazy_names(
    __name__, {"keras_mtl.model.multi_task_model": ("MultiTaskModel",)}
)

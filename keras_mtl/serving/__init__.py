"""From a trained model to a folder that TensorFlow Serving loads.

`write_saved_model` writes one version, `publish_saved_model` the next one of a
model that is served. Signatures, warm-up requests and metadata follow from the
model's declared tasks and features.
"""

from keras_mtl._core.lazy import lazy_names

__getattr__, __all__ = lazy_names(
    __name__,
    {
        "keras_mtl.serving.model_file": ("load_model",),
        "keras_mtl.serving.session": ("ServingSession",),
        "keras_mtl.serving.saved_model": ("publish_saved_model", "write_saved_model"),
    },
)

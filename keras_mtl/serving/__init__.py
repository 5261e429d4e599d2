"""Export of trained models to folders that TensorFlow Serving loads.

`write_saved_model` writes one version; `publish_saved_model` writes the next version of
a served model. Signatures, warm-up requests and metadata follow from the tasks and
features of the model.
"""

from typing import TYPE_CHECKING

from keras_mtl._core.lazy import lazy_names

if TYPE_CHECKING:
    # The names below, for type checkers and editors.
    from keras_mtl.serving.model_file import load_model as load_model
    from keras_mtl.serving.saved_model import (
        publish_saved_model as publish_saved_model,
        write_saved_model as write_saved_model,
    )
    from keras_mtl.serving.session import ServingSession as ServingSession
else:
    __getattr__, __all__, __dir__ = lazy_names(
        __name__,
        {
            "keras_mtl.serving.model_file": ("load_model",),
            "keras_mtl.serving.session": ("ServingSession",),
            "keras_mtl.serving.saved_model": (
                "publish_saved_model",
                "write_saved_model",
            ),
        },
    )

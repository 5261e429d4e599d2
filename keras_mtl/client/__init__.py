"""A light client of served models: raw rows in, predictions out.

The client needs NumPy, narwhals and requests, and grpcio and protobuf for gRPC. It
needs neither TensorFlow nor Keras, and pandas only for pandas DataFrames.
"""

from typing import TYPE_CHECKING

from keras_mtl._core.lazy import lazy_names

if TYPE_CHECKING:
    # The names below, for type checkers and editors.
    from keras_mtl.client.model_description import (
        ModelDescription as ModelDescription,
        read_description as read_description,
    )
    from keras_mtl.client.served_model import ServedModel as ServedModel
    from keras_mtl.client.serving_error import ServingError as ServingError
else:
    __getattr__, __all__, __dir__ = lazy_names(
        __name__,
        {
            "keras_mtl.client.model_description": (
                "ModelDescription",
                "read_description",
            ),
            "keras_mtl.client.served_model": ("ServedModel",),
            "keras_mtl.client.serving_error": ("ServingError",),
        },
    )

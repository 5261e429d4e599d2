"""Loading and running a SavedModel with the runtime of TensorFlow Serving."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_mtl._core.side_process import SideProcess

__all__ = ["ServingSession", "ServingSignature", "TensorInfo", "session_process"]


@dataclass(frozen=True)
class TensorInfo:
    """A tensor of a signature.

    Attributes:
        name: The tensor's name in the graph.
        dtype: `"float32"`, `"int32"`, `"int64"`, `"string"`, ...
        shape: The sizes, -1 for any size; None for any rank.
    """

    name: str
    dtype: str
    shape: tuple[int, ...] | None


@dataclass(frozen=True)
class ServingSignature:
    """One signature of a SavedModel: its method, inputs and outputs by name."""

    method: str
    inputs: dict[str, TensorInfo]
    outputs: dict[str, TensorInfo]


class ServingSession:
    """A SavedModel in a session, as TensorFlow Serving loads it.

    The session runs the graph in the file, without Python code of the model. To prove
    this, `session_process` runs the session in a process that cannot import Keras.

    Args:
        folder: The folder of the version.

    Attributes:
        signatures: The signatures of the model by name.

    Raises:
        OSError: If the folder has no SavedModel.
        tf.errors.OpError: If TensorFlow cannot load the SavedModel.

    Example:

    >>> import tempfile
    >>> import tensorflow as tf
    >>> module = tf.Module()
    >>> module.double = tf.function(
    ...     lambda age: {"heart": 2 * age}, [tf.TensorSpec([None], name="age")]
    ... )
    >>> folder = tempfile.TemporaryDirectory()
    >>> tf.saved_model.save(module, folder.name, {"serving_default": module.double})
    >>> session = ServingSession(folder.name)
    >>> session.run("serving_default", {"age": [0.5]})["heart"].tolist()
    [1.0]
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        import tensorflow as tf

        self._session = tf.compat.v1.Session(graph=tf.Graph())
        with self._session.graph.as_default():
            loaded = tf.compat.v1.saved_model.load(
                self._session, [tf.saved_model.SERVING], os.fspath(folder)
            )
        self.signatures = {
            name: ServingSignature(
                signature.method_name,
                {key: _tensor_info(info) for key, info in signature.inputs.items()},
                {key: _tensor_info(info) for key, info in signature.outputs.items()},
            )
            for name, signature in loaded.signature_def.items()
            # TensorFlow's signature for initialization is not for requests.
            if not name.startswith("__")
        }

    def run(
        self, signature: str, inputs: Mapping[str, object]
    ) -> dict[str, np.ndarray]:
        """Run one request.

        Args:
            signature: The name of the signature.
            inputs: Arrays, or values that can be converted to arrays, by input name.

        Returns:
            Arrays by output name; text as objects of type bytes.

        Raises:
            KeyError: If an input is missing.
            tf.errors.OpError: If TensorFlow cannot run the request.
        """
        called = self.signatures[signature]
        feeds = {
            info.name: np.asarray(
                inputs[name], object if info.dtype == "string" else info.dtype
            )
            for name, info in called.inputs.items()
        }
        fetches = {name: info.name for name, info in called.outputs.items()}
        return self._session.run(fetches, feeds)


def session_process() -> SideProcess:
    """Start a process that loads SavedModels and cannot import Keras.

    The process therefore runs the SavedModel without Python code of the model. A broken
    model that exhausts the memory does not harm the calling process.
    """
    return SideProcess(
        imports=["tensorflow", __name__],
        # `import tensorflow` imports Keras if possible, and works without it.
        without=["keras"],
        environment={
            "TF_CPP_MIN_LOG_LEVEL": "3",
            # A GPU has no free memory for a second process.
            "CUDA_VISIBLE_DEVICES": "-1",
        },
    )


def ask_saved_model(
    folder: str, requests: Sequence[tuple[str, Mapping[str, np.ndarray]]]
) -> list[dict[str, np.ndarray]]:
    """Load a SavedModel and answer requests with it.

    Args:
        folder: The folder of the version.
        requests: The name of a signature and the inputs by name, for each request.

        Returns:
            The outputs of each request by name; texts as objects of type bytes.
    """
    session = ServingSession(folder)
    return [session.run(name, inputs) for name, inputs in requests]


def _tensor_info(info: Any) -> TensorInfo:
    import tensorflow as tf

    shape = info.tensor_shape
    sizes = None if shape.unknown_rank else tuple(each.size for each in shape.dim)
    return TensorInfo(info.name, tf.as_dtype(info.dtype).name, sizes)

"""One version of a served model, as TensorFlow Serving loads it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_mtl.errors import UserError
from keras_mtl.serving.check_saved_model import ask_saved_model
from keras_mtl.serving.example_rows import example_rows, missing_rows
from keras_mtl.serving.metadata import write_metadata
from keras_mtl.serving.publish import publish_version, write_folder
from keras_mtl.serving.signatures import Signature, build_signatures
from keras_mtl.serving.warmup import WarmupRequest, write_warmup
from keras_mtl.training import MultiTaskModel

__all__ = ["publish_saved_model", "write_saved_model"]

Function = Callable[[dict[str, Any]], dict[str, Any]]

# A warm-up file has 1 to 10 requests.
_WARMUP_REQUESTS = 10


def write_saved_model(
    model: MultiTaskModel,
    path: str | os.PathLike[str],
    *,
    details: dict[str, Any] | None = None,
    warmup_rows: dict[str, np.ndarray] | None = None,
) -> None:
    """Writes a model as one complete version folder for TensorFlow Serving.

    The folder appears at its place when it is whole: with its variables,
    warm-up requests and metadata, loaded and asked through the C library as
    the server does.

    Args:
        model: A model whose inputs are raw features.
        path: The version's folder, such as `run/serving/heart_disease/1`. It
            must not exist, and its parent's name is the model's.
        details: What the model does not know of itself and the metadata shall
            say: `"metrics"`, `"data"` (file, rows, digest), `"seed"` and the
            like; plain values.
        warmup_rows: By feature name, an array of shape (N,): rows to warm the
            server up with. They are readable in the folder. By default rows
            drawn from the features' statistics.

    Raises:
        FileExistsError: When the path exists.
        UserError: When the model has no raw features, or its answers are not
            finite.
        RuntimeError: When the written folder does not answer as the model.

    Example:

    ```python
    km.write_saved_model(model, "serving/heart_disease/1", details={"metrics": metrics})
    ```
    """
    _require_features(model)
    path = Path(path)
    write_folder(
        path,
        lambda folder: _fill(folder, model, path.parent.name, details, warmup_rows),
    )


def publish_saved_model(
    model: MultiTaskModel,
    base: str | os.PathLike[str],
    name: str,
    *,
    details: dict[str, Any] | None = None,
    warmup_rows: dict[str, np.ndarray] | None = None,
) -> Path:
    """Publishes the next version of a model where a server finds it.

    Args:
        model: See `write_saved_model`.
        base: The folder with a folder for each served model.
        name: The model's name.
        details: See `write_saved_model`.
        warmup_rows: See `write_saved_model`.

    Returns:
        The version's folder: `base/name/N`.

    Raises:
        UserError: See `write_saved_model`.
        RuntimeError: See `write_saved_model`.
    """
    _require_features(model)
    return publish_version(
        Path(base, name),
        lambda folder: _fill(folder, model, name, details, warmup_rows),
    )


def _fill(
    folder: Path,
    model: MultiTaskModel,
    name: str,
    details: dict[str, Any] | None,
    warmup_rows: dict[str, np.ndarray] | None,
) -> None:
    signatures = build_signatures(model)
    requests = _warmup_requests(model, signatures, warmup_rows)
    traced = _save(folder, model, signatures)
    write_warmup(folder, requests, name)
    write_metadata(folder, model, name, signatures, details or {})
    _check(folder, traced, requests)


def _save(
    folder: Path, model: MultiTaskModel, signatures: dict[str, Signature]
) -> dict[str, Function]:
    """Writes the graph and the weights, and returns the traced functions."""
    import keras
    import tensorflow as tf

    traced = {
        name: tf.function(
            signature.function,
            input_signature=signature.tensor_specs(),
            autograph=False,
        ).get_concrete_function()
        for name, signature in signatures.items()
    }
    # What the functions use must be found. To track the whole model would find it
    # too, and trace each of its layers by itself; `keras.export.ExportArchive`
    # compares each variable with all others.
    tables = (keras.layers.StringLookup, keras.layers.IntegerLookup)
    saved = tf.Module()
    saved.model_variables = [variable.value for variable in model.variables]
    saved.tables = [
        layer.lookup_table
        for layer in model._flatten_layers()
        if isinstance(layer, tables)
    ]
    # The gradients are for those who would train it on, and take as long to trace.
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    tf.saved_model.save(saved, str(folder), signatures=traced, options=options)
    _name_signatures(folder, signatures)
    return traced


def _name_signatures(folder: Path, signatures: dict[str, Signature]) -> None:
    """Gives inputs and methods the names that requests use.

    TensorFlow saves every signature as one for predict requests, which the
    server refuses to classify with where it checks; and see
    `Signature.tensor_specs` for the inputs.
    """
    from tensorflow.core.protobuf import saved_model_pb2

    path = folder / "saved_model.pb"
    saved = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    for name, signature in signatures.items():
        definition = saved.meta_graphs[0].signature_def[name]
        definition.method_name = signature.method
        saved_inputs = (
            type(definition).FromString(definition.SerializeToString()).inputs
        )
        definition.inputs.clear()
        for index, key in enumerate(signature.inputs):
            definition.inputs[key].CopyFrom(saved_inputs[f"input_{index}"])
    path.write_bytes(saved.SerializeToString(deterministic=True))
    # It describes the file as it was.
    (folder / "fingerprint.pb").unlink(missing_ok=True)


def _warmup_requests(
    model: MultiTaskModel,
    signatures: dict[str, Signature],
    rows: dict[str, np.ndarray] | None,
) -> list[WarmupRequest]:
    rows = example_rows(model.features) if rows is None else rows
    one = {name: np.asarray(values)[:1] for name, values in rows.items()}
    few = {name: np.asarray(values)[:8] for name, values in rows.items()}
    requests = [
        WarmupRequest("serving_default", "predict", one),
        WarmupRequest("serving_default", "predict", few),
        WarmupRequest("serving_default", "predict", missing_rows(model.features)),
    ]
    for name, signature in signatures.items():
        if name != "serving_default":
            kind = signature.method.rpartition("/")[2]
            requests.append(WarmupRequest(name, kind, few))
    return requests[:_WARMUP_REQUESTS]


def _check(
    folder: Path, functions: dict[str, Function], requests: Sequence[WarmupRequest]
) -> None:
    """Asks the written model what the server will, and compares the answers."""
    import tensorflow as tf

    asked = [(request.signature, request.inputs()) for request in requests]
    for (name, inputs), answers in zip(
        asked, ask_saved_model(folder, asked), strict=True
    ):
        tensors = {
            key: tf.constant(
                values.tolist(), tf.string if values.dtype == object else tf.float32
            )
            for key, values in inputs.items()
        }
        expected = functions[name](tensors)
        for key, value in expected.items():
            _require_equal(name, key, answers[key], value.numpy())


def _require_equal(
    signature: str, output: str, answer: np.ndarray, expected: np.ndarray
) -> None:
    if expected.dtype == object:
        # Words follow from the numbers, which may differ in the last digit.
        equal = answer.shape == expected.shape
    else:
        if not np.isfinite(expected).all():
            raise UserError(
                f"expected finite answers; received NaN or infinity for {output!r}. "
                "The weights are not finite: the training has diverged. Train "
                "again with a lower learning rate."
            )
        equal = answer.shape == expected.shape and np.allclose(
            answer, expected, rtol=1e-5, atol=1e-6
        )
    if not equal:
        raise RuntimeError(
            f"Expected the answers of the Keras model from signature {signature!r}. "
            f"Received others for {output!r}: {answer[:1]} in place of {expected[:1]}."
        )


def _require_features(model: MultiTaskModel) -> None:
    if not model.features:
        raise UserError(
            "expected a model of raw features to serve; received one of an encoded "
            "matrix. Join its encoder: keras_mtl.join_encoder(encoder, core, features)."
        )

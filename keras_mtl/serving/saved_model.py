"""One version of a served model, as TensorFlow Serving loads it."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from keras_mtl._core.side_process import SideProcess, SideProcessError
from keras_mtl._core.whole_folders import plain_path
from keras_mtl.architectures import without_auxiliary
from keras_mtl.errors import UserError, show_value
from keras_mtl.features import feature_tensors
from keras_mtl.model import MultiTaskModel
from keras_mtl.serving._prediction_log import RequestKind
from keras_mtl.serving.answers import serve_answer
from keras_mtl.serving.metadata import write_metadata
from keras_mtl.serving.network import Network, build_network
from keras_mtl.serving.publish import publish_version, write_folder
from keras_mtl.serving.session import session_process
from keras_mtl.serving.shared_representation import shared_representation
from keras_mtl.serving.signatures import PREDICT, Signature, build_signatures
from keras_mtl.serving.warmup import (
    WarmupRequest,
    example_rows,
    missing_rows,
    write_warmup,
)

__all__ = ["publish_saved_model", "write_saved_model"]

# The largest number of requests in a warm-up file.
_WARMUP_REQUESTS = 10


def write_saved_model(
    model: MultiTaskModel,
    path: str | os.PathLike[str],
    *,
    details: dict[str, Any] | None = None,
    warmup_rows: dict[str, np.ndarray] | None = None,
    checker: SideProcess | None = None,
) -> None:
    """Write a model as one complete version folder for TensorFlow Serving.

    The folder is moved to its path only when it is complete, with variables, warm-up
    requests and metadata, and after TensorFlow's session loader has loaded and run it
    like the server.

    Args:
        model: A model whose inputs are raw features.
        path: The folder of the version, such as `run/serving/heart_disease/1`. It must
            not exist. The name of its parent folder is the name of the model.
        details: Further content of the metadata as plain values, for example
            `"metrics"`, `"data"` (file, rows, digest) and `"seed"`.
        warmup_rows: Rows of the warm-up requests: arrays of shape (N,) by feature name.
            Everyone who can read the folder can read them. By default rows are drawn
            from the statistics of the features.
        checker: A process that `keras_mtl.serving.session.session_process` started
            earlier, because its imports take seconds; by default a new process.

    Raises:
        FileExistsError: If the path exists.
        UserError: If the model has no raw features, or its predictions are not finite.
        RuntimeError: If the predictions of the written folder differ from the
            predictions of the model.

    Example:

    >>> import tempfile
    >>> import keras_mtl as km
    >>> from keras_mtl.serving import write_saved_model
    >>> features = [km.NumericFeature("age", missing_share=0.0)]
    >>> encoder = km.build_encoder(features)
    >>> core = km.build_hard_sharing(encoder.output_shape[-1], [km.BinaryTask("heart")])
    >>> model = km.join_encoder(encoder, core, features)
    >>> folder = tempfile.TemporaryDirectory()
    >>> write_saved_model(model, f"{folder.name}/heart_disease/1", details={"seed": 0})
    >>> "saved_model.pb" in os.listdir(f"{folder.name}/heart_disease/1")
    True
    """
    _require_features(model)
    model = without_auxiliary(model)
    path = Path(path)
    write_folder(
        path,
        lambda folder: _fill(
            folder, model, path.parent.name, details, warmup_rows, checker
        ),
    )


def publish_saved_model(
    model: MultiTaskModel,
    base: str | os.PathLike[str],
    name: str,
    *,
    details: dict[str, Any] | None = None,
    warmup_rows: dict[str, np.ndarray] | None = None,
    checker: SideProcess | None = None,
) -> Path:
    """Write the next version of a model to the folder of a server.

    Args:
        model: See `write_saved_model`.
        base: The folder that has one folder per served model.
        name: The name of the model.
        details: See `write_saved_model`.
        warmup_rows: See `write_saved_model`.
        checker: See `write_saved_model`.

    Returns:
        The folder of the version: `base/name/N`.

    Raises:
        UserError: See `write_saved_model`.
        RuntimeError: See `write_saved_model`.
    """
    _require_features(model)
    model = without_auxiliary(model)
    return publish_version(
        Path(base, name),
        lambda folder: _fill(folder, model, name, details, warmup_rows, checker),
    )


def _fill(
    folder: Path,
    model: MultiTaskModel,
    name: str,
    details: dict[str, Any] | None,
    warmup_rows: dict[str, np.ndarray] | None,
    checker: SideProcess | None,
) -> None:
    with contextlib.ExitStack() as stack:
        if checker is None:
            checker = stack.enter_context(session_process())
        network = build_network(model)
        signatures = build_signatures(model, network)
        requests = _warmup_requests(model, signatures, warmup_rows)
        _save(folder, model, network, signatures)
        write_warmup(folder, requests, name)
        write_metadata(folder, model, name, signatures, details or {})
        _check(folder, model, signatures, requests, checker)


def _save(
    folder: Path,
    model: MultiTaskModel,
    network: Network,
    signatures: dict[str, Signature],
) -> None:
    """Write the graph and the weights."""
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
    # TensorFlow must find the variables and tables of the functions. Tracking the whole
    # model would also trace each layer separately, and `keras.export.ExportArchive`
    # compares each variable with all others.
    tables = (keras.layers.StringLookup, keras.layers.IntegerLookup)
    saved = tf.Module()
    saved.model_variables = network.variables
    saved.tables = [
        layer.lookup_table
        for layer in model._flatten_layers()
        if isinstance(layer, tables)
    ]
    # `keras.layers.TFSMLayer` calls an attribute with a dict, by default `serve`. It
    # cannot call a signature, whose arguments are keywords.
    saved.serving_default = saved.serve = traced["serving_default"]
    # Only further training needs the gradients, which take as long to trace again.
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    with plain_path(folder) as plain:
        tf.saved_model.save(saved, str(plain), signatures=traced, options=options)
    for child in folder.iterdir():
        if child.is_dir():
            # TensorFlow makes folders of mode 755 without regard to the umask.
            child.chmod(stat.S_IMODE(folder.stat().st_mode))
    _name_signatures(folder, signatures)


def _name_signatures(folder: Path, signatures: dict[str, Signature]) -> None:
    """Give inputs and methods the names that requests use.

    TensorFlow saves every signature as a signature for predict requests, with which
    some servers refuse to classify. It also names inputs by `Signature.keywords`.
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
        for key, keyword in signature.keywords.items():
            definition.inputs[key].CopyFrom(saved_inputs[keyword])
            # The graph accepts any rank, but the documented shape is rows of one
            # number.
            shape = definition.inputs[key].tensor_shape
            shape.Clear()
            shape.dim.add(size=-1)
    path.write_bytes(saved.SerializeToString(deterministic=True))
    # The fingerprint describes the file before this change.
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
            kind = cast(RequestKind, signature.method.rpartition("/")[2])
            requests.append(WarmupRequest(name, kind, few))
    return requests[:_WARMUP_REQUESTS]


def _check(
    folder: Path,
    model: MultiTaskModel,
    signatures: dict[str, Signature],
    requests: Sequence[WarmupRequest],
    checker: SideProcess,
) -> None:
    """Compare the predictions of the written model with the predictions of Keras."""
    asked = [(request.signature, request.inputs()) for request in requests]
    try:
        with plain_path(folder) as plain:
            checker.submit(
                "keras_mtl.serving.session:ask_saved_model", str(plain), asked
            )
            # This process predicts while the other process loads.
            expected = _expected_outputs(model, signatures, requests)
            answers = checker.result()
    except SideProcessError as error:
        raise RuntimeError(
            f"The SavedModel that was written does not answer: {error}"
        ) from error
    for request, outputs, values in zip(requests, expected, answers, strict=True):
        for name, output in outputs.items():
            _require_equal(request.signature, name, values[name], output)


def _expected_outputs(
    model: MultiTaskModel,
    signatures: dict[str, Signature],
    requests: Sequence[WarmupRequest],
) -> list[dict[str, np.ndarray]]:
    """Predict the requests with the Keras model, layer by layer."""
    import tensorflow as tf

    # All rows in one call.
    names = [feature.name for feature in model.features]
    rows = {
        name: np.concatenate([request.rows[name] for request in requests])
        for name in names
    }
    shared = shared_representation(model) if "features" in signatures else None
    # Other devices round differently from the CPU of the checking process.
    with tf.device("CPU"):
        inputs = feature_tensors(rows)
        predicted = model(inputs, training=False)
        answers = {
            task.name: serve_answer(task, predicted[task.name]) for task in model.tasks
        }
        represented = {}
        if shared is not None:
            represented["features"] = shared.model(inputs, training=False)
    expected, start = [], 0
    for request in requests:
        stop = start + len(request.rows[names[0]])
        if request.signature == "features":
            outputs = represented
        else:
            outputs = _outputs_of(signatures, request.signature, answers)
        expected.append(
            {name: each[start:stop].numpy() for name, each in outputs.items()}
        )
        start = stop
    return expected


def _outputs_of(
    signatures: dict[str, Signature], name: str, answers: dict[str, Any]
) -> dict[str, Any]:
    """Select the outputs of a signature from the outputs of all tasks."""
    if signatures[name].method == PREDICT:
        return {
            key: value
            for answer in answers.values()
            for key, value in answer.outputs.items()
        }
    kind, _, task = name.partition("_")
    if kind == "classify":
        return {"classes": answers[task].classes, "scores": answers[task].scores}
    return {"outputs": answers[task].value}


def _require_equal(
    signature: str, output: str, answer: np.ndarray, expected: np.ndarray
) -> None:
    if expected.dtype == object:
        # Words depend on the numbers, which may differ in the last digit.
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
    if not isinstance(model, MultiTaskModel):
        raise UserError(
            "model: expected a model, such as fit.model of fit_table or the result of "
            f"keras_mtl.serving.load_model(path). Received: {show_value(model)}. Load "
            "or pass the model itself."
        )
    if not model.features:
        raise UserError(
            "expected a model of raw features to serve; received one of an encoded "
            "matrix. Join its encoder: keras_mtl.join_encoder(encoder, core, features)."
        )

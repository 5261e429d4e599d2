"""Conversion of models for runtimes other than TensorFlow."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_mtl.errors import UserError, warn_of_data
from keras_mtl.serving._litert_file import answer_litert, write_litert
from keras_mtl.serving._onnx_file import answer_onnx, write_onnx
from keras_mtl.serving.publish import publish_version

if TYPE_CHECKING:
    import keras
    import numpy as np

    from keras_mtl.features import Feature
    from keras_mtl.features.text_codes import TextCodes
    from keras_mtl.model import MultiTaskModel

__all__ = ["RUNTIMES", "Runtime", "publish_for_runtime"]

TOLERANCE = 1e-5
# A word that is not in the vocabulary of any feature.
UNKNOWN = "\u2205 unknown"

Arrays = Mapping[str, "np.ndarray"]


@dataclass(frozen=True)
class Runtime:
    """A runtime for which models are converted.

    Attributes:
        name: The name of the runtime, at the end of the name of the model's folder.
        file: The name of the model's file.
        extra: The name of the extra with the dependencies of the runtime.
        modules: The modules that must be installed.
        write: A function that writes a model, with the reading of texts, to a path.
        answer: A function from a written model and rows by input name to outputs by
            task name.
    """

    name: str
    file: str
    extra: str
    modules: tuple[str, ...]
    write: Callable[[keras.Model, Mapping[str, TextCodes], Path], None]
    answer: Callable[[Path, Arrays], dict[str, np.ndarray]]

    def require(self) -> None:
        """Raise a `UserError` if a module is not installed."""
        absent = [name for name in self.modules if not importlib.util.find_spec(name)]
        if absent:
            raise UserError(
                f"--format {self.name} needs {', '.join(absent)}, which "
                f"{'is' if len(absent) == 1 else 'are'} not installed. Install with: "
                f'pip install "keras-mtl[{self.extra}]"'
            )


@dataclass(frozen=True)
class _Conversion:
    """Model and settings of a conversion.

    Attributes:
        model: The model, without inputs of text.
        codes: The conversion of texts to the numbers of the model, by input name.
        rows: Rows of the file's inputs for the check of the outputs.
        raw: Whether the rows are raw; otherwise they are the encoded matrix.
    """

    model: keras.Model
    codes: Mapping[str, TextCodes]
    rows: Arrays
    raw: bool


def publish_for_runtime(
    model: MultiTaskModel,
    base: str | os.PathLike[str],
    name: str,
    runtime: Runtime,
    *,
    details: dict[str, Any] | None = None,
    rows: Arrays | None = None,
) -> Path:
    """Publish the next version of a model for another runtime.

    The inputs of the file are raw rows, by the names of the features, if the runtime
    can read all features. Otherwise the input is the encoded matrix, and a
    `DataWarning` reports the reason.

    Args:
        model: A model of raw features that joins an encoder and a core.
        base: The folder with one folder per model.
        name: The name of the model. The name of the runtime is added, because a server
            of SavedModels must not find the file among its versions.
        runtime: The runtime.
        details: The origin of the model, for the metadata.
        rows: Rows by feature name, from `feature_arrays`, for which the runtime must
            predict the same as Keras. By default drawn from the statistics of the
            features.

    Returns:
        The folder of the version: `base/name_runtime/N`, with the file of the model and
        the metadata.

    Raises:
        UserError: If the runtime is not installed, or if the model has no core of an
            encoded matrix.
        RuntimeError: If the predictions differ from Keras's.
    """
    import keras
    import numpy as np

    from keras_mtl.architectures import without_auxiliary
    from keras_mtl.features import feature_tensors
    from keras_mtl.serving.shared_representation import find_core

    runtime.require()
    model = without_auxiliary(model)
    found = find_core(model)
    if found is None:
        raise UserError(
            f"expected a model that joins an encoder and a core to convert for "
            f"{runtime.name}; received one of a single graph. Build it with "
            "keras_mtl.join_encoder."
        )
    core, encoded = found
    rows = _check_rows(model.features) if rows is None else rows
    tensors = feature_tensors(dict(rows))
    outputs = model(tensors, training=False)
    matrix = np.asarray(keras.Model(model.input, encoded)(tensors, training=False))

    def convert(conversion: _Conversion, folder: Path) -> None:
        path = folder / runtime.file
        runtime.write(conversion.model, conversion.codes, path)
        answers = runtime.answer(path, conversion.rows)
        _require_equal(model, runtime, answers, outputs)
        _write_metadata(folder, model, name, runtime, conversion, details or {})

    def fill(folder: Path) -> None:
        try:
            convert(_of_raw_rows(model, core, matrix, runtime.name, rows), folder)
        # Converters raise any error, and may not support the layers of a plugin.
        except Exception as error:
            reason = str(error).strip().partition("\n")[0]
            warn_of_data(
                f"--format {runtime.name}: the file takes the encoded matrix, which "
                f"keras_mtl.encode_frame makes, in place of raw rows: {reason}"
            )
            in_matrix = _Conversion(core, {}, {core.inputs[0].name: matrix}, raw=False)
            convert(in_matrix, folder)

    return publish_version(Path(base, f"{name}_{runtime.name}"), fill)


def _check_rows(features: tuple[Feature, ...]) -> Arrays:
    """Draw rows, and add missing values and unknown words."""
    import numpy as np

    from keras_mtl.serving.warmup import example_rows, missing_rows

    drawn, missing = example_rows(features, count=100), missing_rows(features)
    unknown = {
        feature.name: np.full(
            1, UNKNOWN if feature.dtype == "string" else 0.0, drawn[feature.name].dtype
        )
        for feature in features
    }
    return {
        name: np.concatenate([drawn[name], missing[name], unknown[name]])
        for name in drawn
    }


def _of_raw_rows(
    model: MultiTaskModel,
    core: MultiTaskModel,
    matrix: np.ndarray,
    runtime: str,
    rows: Arrays,
) -> _Conversion:
    """Join the features' layers, without the reading of texts, and the core.

    Raises:
        ValueError: If the runtime cannot read all features, or if the layers encode
            differently from the model.
    """
    import keras
    import numpy as np

    from keras_mtl.features.encoder import build_code_encoder

    codes: dict[str, TextCodes] = {}
    closed: list[Feature] = []
    for feature in model.features:
        if feature.dtype == "string":
            found = feature.text_codes()
            if found is None or runtime not in found.runtimes:
                closed.append(feature)
            else:
                codes[feature.name] = found
    if closed:
        columns = ", ".join(f"{each.column_name!r} ({each.kind})" for each in closed)
        raise ValueError(f"the runtime has no operations that read {columns}.")
    encoder = build_code_encoder(model.features, codes)
    numbers = {
        name: codes[name].read(values.tolist()) if name in codes else values
        for name, values in rows.items()
    }
    encoded = np.asarray(encoder(numbers, training=False))
    # The features do not describe layers that come from elsewhere.
    if encoded.shape != matrix.shape or not np.allclose(encoded, matrix, atol=1e-6):
        raise ValueError("the model's encoder is not the one that its features build.")
    joined = keras.Model(encoder.input, core(encoder.output))
    # Keras exports only models that were called.
    joined(numbers, training=False)
    return _Conversion(joined, codes, rows, raw=True)


def _require_equal(
    model: MultiTaskModel, runtime: Runtime, answers: Arrays, expected: Arrays
) -> None:
    import numpy as np

    for task in model.tasks:
        difference = np.abs(answers[task.name] - np.asarray(expected[task.name]))
        scale = np.maximum(1.0, np.abs(np.asarray(expected[task.name])))
        # In this form, NaN counts as different.
        if not np.all(difference <= TOLERANCE * scale):
            raise RuntimeError(
                f"Expected the answers of Keras to {TOLERANCE:g} from {runtime.name}. "
                f"Received others for task {task.name!r}: up to {difference.max():g} "
                "away."
            )


def _write_metadata(
    folder: Path,
    model: MultiTaskModel,
    name: str,
    runtime: Runtime,
    conversion: _Conversion,
    details: dict[str, Any],
) -> None:
    from keras_mtl.features.encoder import encoded_names
    from keras_mtl.serving.metadata import describe_model, plain_json
    from keras_mtl.serving.model_card import model_card
    from keras_mtl.serving.signatures import python_keywords

    metadata = describe_model(model, name)
    metadata["runtime"] = runtime.name
    if conversion.raw:
        keywords = python_keywords(feature.name for feature in model.features)
        metadata["inputs"] = {
            feature.name: {"dtype": feature.dtype, "keyword": keywords[feature.name]}
            for feature in model.features
        }
    else:
        metadata["inputs"] = {"features": list(encoded_names(model.features))}
    source = "raw features" if conversion.raw else "encoded features"
    metadata["signatures"] = {
        runtime.file: {"answers": f"the tasks' outputs, from the {source}"}
    }
    metadata["details"] = details
    text = json.dumps(plain_json(metadata), indent=2, ensure_ascii=False)
    (folder / "metadata.json").write_text(text + "\n", encoding="utf-8")
    (folder / "model_card.md").write_text(model_card(metadata), encoding="utf-8")


RUNTIMES = {
    runtime.name: runtime
    for runtime in (
        Runtime(
            name="onnx",
            file="model.onnx",
            extra="onnx",
            modules=("onnx", "onnxruntime", "tf2onnx"),
            write=write_onnx,
            answer=answer_onnx,
        ),
        Runtime(
            name="litert",
            file="model.tflite",
            extra="litert",
            modules=("ai_edge_litert",),
            write=write_litert,
            answer=answer_litert,
        ),
    )
}

"""The core model for other runtimes than TensorFlow."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_mtl.errors import UserError
from keras_mtl.serving.publish import publish_version

if TYPE_CHECKING:
    import numpy as np

    from keras_mtl.model import MultiTaskModel

__all__ = ["RUNTIMES", "Runtime", "publish_core"]

TOLERANCE = 1e-5


@dataclass(frozen=True)
class Runtime:
    """A runtime that a model is converted for.

    Attributes:
        name: Its name, which the model's folder ends in.
        file: The name of the model's file.
        extra: The optional dependencies that it needs.
        modules: The modules that must be there.
        write: Writes a model to a path.
        answer: Answers encoded rows with a written model, by task name.
    """

    name: str
    file: str
    extra: str
    modules: tuple[str, ...]
    write: Callable[[MultiTaskModel, Path], None]
    answer: Callable[[Path, np.ndarray], dict[str, np.ndarray]]

    def require(self) -> None:
        """Raises a `UserError` when a module is not installed."""
        absent = [name for name in self.modules if not importlib.util.find_spec(name)]
        if absent:
            raise UserError(
                f"--format {self.name} needs {', '.join(absent)}, which "
                f"{'is' if len(absent) == 1 else 'are'} not installed. Install with: "
                f'pip install "keras-mtl[{self.extra}]"'
            )


def publish_core(
    model: MultiTaskModel,
    base: str | os.PathLike[str],
    name: str,
    runtime: Runtime,
    *,
    details: dict[str, Any] | None = None,
    rows: np.ndarray | None = None,
) -> Path:
    """Publishes the next version of a model's core for another runtime.

    The core takes the encoded matrix: looking words up is left to the caller,
    as not all runtimes know texts.

    Args:
        model: A raw-feature model that joins an encoder and a core.
        base: The folder with a folder for each model.
        name: The model's name. The runtime's is added, as a server of
            SavedModels must not find the file among its versions.
        runtime: The runtime.
        details: What the metadata say of the model's origin.
        rows: Encoded rows on which the runtime must answer as Keras does. By
            default drawn from the features' statistics.

    Returns:
        The version's folder: `base/name_runtime/N`, with the model's file and
        its metadata.

    Raises:
        UserError: When the runtime is not installed, or the model has no core
            of an encoded matrix.
        RuntimeError: When the answers differ from Keras's.
    """
    from keras_mtl.architectures import without_auxiliary
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
    if rows is None:
        rows = _encoded_rows(model, encoded)

    def fill(folder: Path) -> None:
        path = folder / runtime.file
        runtime.write(core, path)
        _require_equal(core, runtime, path, rows)
        _write_metadata(folder, model, name, runtime, details or {})

    return publish_version(Path(base, f"{name}_{runtime.name}"), fill)


def _encoded_rows(model: MultiTaskModel, encoded: Any) -> np.ndarray:
    import keras
    import numpy as np

    from keras_mtl.features import feature_tensors
    from keras_mtl.serving.warmup import example_rows, missing_rows

    encoder = keras.Model(model.input, encoded)
    parts = [example_rows(model.features, count=100), missing_rows(model.features)]
    names = [feature.name for feature in model.features]
    matrices = [
        encoder({name: feature_tensors(part)[name] for name in names}, training=False)
        for part in parts
    ]
    return np.concatenate([np.asarray(matrix) for matrix in matrices])


def _require_equal(
    core: MultiTaskModel, runtime: Runtime, path: Path, rows: np.ndarray
) -> None:
    import numpy as np

    expected = core(rows, training=False)
    answers = runtime.answer(path, rows)
    for task in core.tasks:
        difference = np.abs(answers[task.name] - np.asarray(expected[task.name]))
        scale = np.maximum(1.0, np.abs(np.asarray(expected[task.name])))
        # Written so that NaN counts as different.
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
    details: dict[str, Any],
) -> None:
    from keras_mtl.features.encoder import encoded_names
    from keras_mtl.serving.metadata import describe_model, plain_json
    from keras_mtl.serving.model_card import model_card

    metadata = describe_model(model, name)
    metadata["runtime"] = runtime.name
    metadata["inputs"] = {"features": list(encoded_names(model.features))}
    metadata["signatures"] = {
        runtime.file: {"answers": "the tasks' outputs, from the encoded features"}
    }
    metadata["details"] = details
    text = json.dumps(plain_json(metadata), indent=2, ensure_ascii=False)
    (folder / "metadata.json").write_text(text + "\n", encoding="utf-8")
    (folder / "model_card.md").write_text(model_card(metadata), encoding="utf-8")


def _write_onnx(core: MultiTaskModel, path: Path) -> None:
    core.export(str(path), format="onnx", verbose=False)


def _answer_onnx(path: Path, rows: np.ndarray) -> dict[str, np.ndarray]:
    # By name, as type checkers do not find what need not be installed.
    onnxruntime = importlib.import_module("onnxruntime")
    session = onnxruntime.InferenceSession(str(path))
    names = [output.name for output in session.get_outputs()]
    answers = session.run(names, {session.get_inputs()[0].name: rows})
    return dict(zip(names, answers, strict=True))


def _write_litert(core: MultiTaskModel, path: Path) -> None:
    core.export(str(path), format="litert", verbose=False)


def _answer_litert(path: Path, rows: np.ndarray) -> dict[str, np.ndarray]:
    litert = importlib.import_module("ai_edge_litert.interpreter")
    run = litert.Interpreter(str(path)).get_signature_runner()
    (name,) = run.get_input_details()
    return run(**{name: rows})


RUNTIMES = {
    runtime.name: runtime
    for runtime in (
        Runtime(
            name="onnx",
            file="model.onnx",
            extra="onnx",
            modules=("onnx", "onnxruntime", "tf2onnx"),
            write=_write_onnx,
            answer=_answer_onnx,
        ),
        Runtime(
            name="litert",
            file="model.tflite",
            extra="litert",
            modules=("ai_edge_litert",),
            write=_write_litert,
            answer=_answer_litert,
        ),
    )
}

"""A model as a LiteRT file."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras
    import numpy as np

    from keras_mtl.features.text_codes import TextCodes

__all__ = ["answer_litert", "write_litert"]


def write_litert(
    model: keras.Model, codes: Mapping[str, TextCodes], path: Path
) -> None:
    """Write a model, with the reading of texts in front of it.

    Args:
        model: The model, without texts among its inputs.
        codes: By the names of the inputs that are texts in the file, how they become
            the numbers that the model takes.
        path: The file.
    """
    import tensorflow as tf

    from keras_mtl.serving.signatures import python_keywords

    keywords = python_keywords(tensor.name for tensor in model.inputs)
    specs = [
        tf.TensorSpec(
            (None, *([] if name in codes else tensor.shape[1:])),
            tf.string if name in codes else tensor.dtype,
            name=keywords[name],
        )
        for tensor in model.inputs
        for name in [tensor.name]
    ]

    readers = _readers({name: codes[name] for name in keywords if name in codes})

    def answer(*values: tf.Tensor) -> dict[str, tf.Tensor]:
        inputs = {
            name: readers[name][1](value) if name in codes else value
            for name, value in zip(keywords, values, strict=True)
        }
        named = (
            inputs if isinstance(model.input, dict) else inputs[model.inputs[0].name]
        )
        return model(named, training=False)

    saved = tf.Module()
    # What the function uses must be found.
    saved.variables_used = [variable.value for variable in model.variables]
    saved.tables = [*{id(table): table for table, _ in readers.values()}.values()]
    traced = tf.function(answer, input_signature=specs, autograph=False)
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(saved, folder, signatures=traced.get_concrete_function())
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        # What `Model.export` sets.
        converter.experimental_enable_resource_variables = True
        path.write_bytes(converter.convert())


def _readers(codes: Mapping[str, TextCodes]) -> dict[str, tuple[Any, Any]]:
    """Return what reads each input; inputs that are read alike share it.

    The converter takes long for each table, and all truth values have the same one.
    """
    made: list[tuple[TextCodes, tuple[Any, Any]]] = []
    readers = {}
    for name, code in codes.items():
        found = next((reader for known, reader in made if known == code), None)
        if found is None:
            found = code.litert_reader()
            made.append((code, found))
        readers[name] = found
    return readers


def answer_litert(path: Path, rows: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Predict rows, by the names of the file's inputs."""
    from keras_mtl.serving.signatures import python_keywords

    litert: Any = importlib.import_module("ai_edge_litert.interpreter")
    run = litert.Interpreter(str(path)).get_signature_runner()
    keywords = python_keywords(rows)
    return run(**{keywords[name]: values for name, values in rows.items()})

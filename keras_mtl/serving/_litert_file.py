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
    """Write a model as a LiteRT file that also reads texts.

    Args:
        model: The model, without texts among its inputs.
        codes: The conversion of texts to the numbers of the model, by the name of the
            input. Only these inputs are texts in the file.
        path: The path of the file.
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
    # TensorFlow must find the variables of the function.
    saved.variables_used = [variable.value for variable in model.variables]
    saved.tables = [*{id(table): table for table, _ in readers.values()}.values()]
    traced = tf.function(answer, input_signature=specs, autograph=False)
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(saved, folder, signatures=traced.get_concrete_function())
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        # `Model.export` sets this option, too.
        converter.experimental_enable_resource_variables = True
        path.write_bytes(converter.convert())


def _readers(codes: Mapping[str, TextCodes]) -> dict[str, tuple[Any, Any]]:
    """Return the reader of each input; inputs with the same codes share a reader.

    The converter needs much time per table, and all truth values have the same table.
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
    """Predict rows, given by the names of the inputs of the file."""
    from keras_mtl.serving.signatures import python_keywords

    litert: Any = importlib.import_module("ai_edge_litert.interpreter")
    run = litert.Interpreter(str(path)).get_signature_runner()
    keywords = python_keywords(rows)
    return run(**{keywords[name]: values for name, values in rows.items()})

"""A model as an ONNX file."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_mtl.features.onnx_graph import OnnxGraph

if TYPE_CHECKING:
    import keras
    import numpy as np

    from keras_mtl.features.text_codes import TextCodes

__all__ = ["answer_onnx", "write_onnx"]

# The newest version of ONNX's operations that tf2onnx writes.
OPERATIONS = 18


def write_onnx(model: keras.Model, codes: Mapping[str, TextCodes], path: Path) -> None:
    """Write a model as an ONNX file that also reads texts.

    Keras exports with tf2onnx, which does not convert operations that read texts.

    Args:
        model: The model, without texts among its inputs.
        codes: The conversion of texts to the numbers of the model, by the name of the
            input. Only these inputs are texts in the file.
        path: The path of the file.
    """
    with warnings.catch_warnings():
        # Keras checks whether tf2onnx is too old for the installed NumPy.
        warnings.simplefilter("ignore", FutureWarning)
        model.export(str(path), format="onnx", verbose=False, opset_version=OPERATIONS)
    if not codes:
        return
    # By name, because type checkers do not find an optional package.
    onnx: Any = importlib.import_module("onnx")
    compose: Any = importlib.import_module("onnx.compose")
    network = onnx.load(str(path))
    names = [tensor.name for tensor in network.graph.input]
    graph = OnnxGraph()
    joints = {name: f"{name}.codes" for name in names if name in codes}
    for name, joint in joints.items():
        texts = graph.add("Unsqueeze", name, graph.constant([1]))
        read = codes[name].add_to_onnx(graph, texts)
        graph.add("Identity", read, output=joint)
    _rename_inputs(network, joints)
    if graph.version > OPERATIONS:
        converter: Any = importlib.import_module("onnx.version_converter")
        network = converter.convert_version(network, graph.version)
    info, kinds = onnx.helper.make_tensor_value_info, onnx.TensorProto
    front = graph.finish(
        [info(name, kinds.STRING, ["N"]) for name in joints],
        [
            info(joint, kinds.INT64, ["N", codes[name].width])
            for name, joint in joints.items()
        ],
        network.opset_import,
    )
    network.ir_version = front.ir_version = max(network.ir_version, front.ir_version)
    joined = compose.merge_models(
        front, network, io_map=[(joint, joint) for joint in joints.values()]
    )
    onnx.checker.check_model(joined)
    onnx.save(joined, str(path))


def _rename_inputs(network: Any, names: Mapping[str, str]) -> None:
    for tensor in network.graph.input:
        tensor.name = names.get(tensor.name, tensor.name)
    for node in network.graph.node:
        for place, name in enumerate(node.input):
            node.input[place] = names.get(name, name)


def answer_onnx(path: Path, rows: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Predict rows, given by the names of the inputs of the file."""
    onnxruntime: Any = importlib.import_module("onnxruntime")
    session = onnxruntime.InferenceSession(str(path))
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, dict(rows)), strict=True))

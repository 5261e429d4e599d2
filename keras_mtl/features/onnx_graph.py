"""An ONNX graph that is built operation by operation."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["OnnxGraph"]


class OnnxGraph:
    """Operations from named inputs to named outputs, as they are added.

    Needs the package `onnx` when an operation is added.

    Attributes:
        version: The lowest version of ONNX's operations that the graph needs.
    """

    def __init__(self) -> None:
        self.version = 1
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def require_version(self, version: int) -> None:
        """Declare that the graph has an operation as new as this version."""
        self.version = max(self.version, version)

    def add(
        self, operation: str, *inputs: str, output: str | None = None, **attributes: Any
    ) -> str:
        """Add an operation of one output.

        Args:
            operation: Its name in ONNX.
            *inputs: The names of its inputs.
            output: The name of its output; by default a new one.
            **attributes: Its attributes; `domain` for one beside ONNX's own.

        Returns:
            The name of its output.
        """
        helper: Any = importlib.import_module("onnx.helper")
        # Names with a dot are none of a feature's or a task's.
        name = output or f"read.{len(self._nodes)}"
        node = helper.make_node(operation, list(inputs), [name], **attributes)
        self._nodes.append(node)
        return name

    def constant(self, values: ArrayLike) -> str:
        """Add a constant, and return its name."""
        numpy_helper: Any = importlib.import_module("onnx.numpy_helper")
        name = f"read.constant.{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def finish(self, inputs: list[Any], outputs: list[Any], versions: Any) -> Any:
        """Return the graph as an ONNX model.

        Args:
            inputs: The inputs, as `onnx.helper.make_tensor_value_info` makes them.
            outputs: The outputs.
            versions: The model's operation sets.
        """
        helper: Any = importlib.import_module("onnx.helper")
        graph = helper.make_graph(
            self._nodes, "read_texts", inputs, outputs, self._constants
        )
        return helper.make_model(
            graph,
            opset_imports=versions,
            ir_version=helper.find_min_ir_version_for(versions),
        )

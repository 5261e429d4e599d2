"""An ONNX graph, built operation by operation."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["OnnxGraph"]


class OnnxGraph:
    """A graph of operations from named inputs to named outputs.

    Adding an operation needs the package `onnx`.

    Attributes:
        version: The lowest version of ONNX's operation set that the graph needs.
    """

    def __init__(self) -> None:
        self.version = 1
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def require_version(self, version: int) -> None:
        """Declare that the graph needs at least this version of the operation set."""
        self.version = max(self.version, version)

    def add(
        self, operation: str, *inputs: str, output: str | None = None, **attributes: Any
    ) -> str:
        """Add an operation with one output.

        Args:
            operation: The operation's name in ONNX.
            *inputs: The names of the inputs.
            output: The name of the output; by default a new name.
            **attributes: The operation's attributes; `domain` for an operation outside
                of ONNX's own set.

        Returns:
            The name of the output.
        """
        helper: Any = importlib.import_module("onnx.helper")
        # Names with a dot differ from the names of features and tasks.
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
            inputs: The inputs, from `onnx.helper.make_tensor_value_info`.
            outputs: The outputs, likewise.
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

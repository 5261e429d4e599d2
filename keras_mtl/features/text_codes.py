"""Conversion of text to whole numbers for runtimes without TensorFlow."""

from __future__ import annotations

import importlib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from keras_mtl.features.onnx_graph import OnnxGraph

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["TextCodes", "TextPatterns", "TextTable"]


class TextCodes(ABC):
    """A conversion of a feature's texts to whole numbers, before its layer.

    A layer that reads texts runs only in TensorFlow. In an exported model, the
    runtime's own operations compute these numbers, and the layer reads the numbers.
    """

    # The runtimes that have the operations, by their names in `--format`.
    runtimes: ClassVar[frozenset[str]]

    @property
    @abstractmethod
    def width(self) -> int:
        """The number of integers per text."""

    @abstractmethod
    def read(self, texts: Sequence[str]) -> np.ndarray:
        """Return the numbers of texts, int64 of shape (N, width)."""

    @abstractmethod
    def add_to_onnx(self, graph: OnnxGraph, texts: str) -> str:
        """Add operations from texts of shape (N, 1) to the numbers.

        Args:
            graph: The graph to extend.
            texts: The name of the texts in the graph.

        Returns:
            The name of the numbers, int64 of shape (N, width).
        """

    def litert_reader(self) -> tuple[Any, Callable[[tf.Tensor], tf.Tensor]]:
        """Return a function from texts to the numbers, and the objects that it needs.

        The function may use only operations that LiteRT's converter supports without
        TensorFlow's own operations.

        Returns:
            The objects that a `tf.Module` must have as attributes to save the function,
            and the function, from texts of shape (N,) to int64 of shape (N, width).
        """
        raise NotImplementedError


@dataclass(frozen=True)
class TextTable(TextCodes):
    """A number for each known text, and 0 for all others.

    Attributes:
        codes: The numbers by text.

    Example:

    >>> TextTable({"no": 1, "yes": 2}).read(["yes", "perhaps"]).tolist()
    [[2], [0]]
    """

    runtimes: ClassVar[frozenset[str]] = frozenset({"onnx", "litert"})

    codes: Mapping[str, int]

    @property
    def width(self) -> int:
        return 1

    def read(self, texts: Sequence[str]) -> np.ndarray:
        return np.asarray([[self.codes.get(text, 0)] for text in texts], "int64")

    def add_to_onnx(self, graph: OnnxGraph, texts: str) -> str:
        return graph.add(
            "LabelEncoder",
            texts,
            domain="ai.onnx.ml",
            keys_strings=[*self.codes],
            values_int64s=[*self.codes.values()],
            default_int64=0,
        )

    def litert_reader(self) -> tuple[Any, Callable[[tf.Tensor], tf.Tensor]]:
        import tensorflow as tf

        # A table per feature: LiteRT can look texts up, but not join them.
        keys = tf.constant([*self.codes], tf.string)
        values = tf.constant([*self.codes.values()], tf.int64)
        entries = tf.lookup.KeyValueTensorInitializer(keys, values)
        table = tf.lookup.StaticHashTable(entries, 0)
        return table, lambda texts: table.lookup(texts)[:, None]


@dataclass(frozen=True)
class TextPatterns(TextCodes):
    """Numbers that are sums over the patterns that match a whole text.

    Only TensorFlow has an operation that extracts a group from a text. A number of
    several digits is therefore the sum of the bits of its digits, with one pattern per
    bit.

    Attributes:
        columns: For each number, the patterns, each with the amount that it adds. The
            patterns must have the same meaning in Python and RE2, with `\\d` for an
            ASCII digit.

    Example:

    >>> codes = TextPatterns(columns=(((r"[13]\\d", 10), (r"[23]\\d", 20)),))
    >>> codes.read(["17", "31", "no number"]).tolist()
    [[10], [30], [0]]
    """

    runtimes: ClassVar[frozenset[str]] = frozenset({"onnx"})

    columns: tuple[tuple[tuple[str, int], ...], ...]

    @property
    def width(self) -> int:
        return len(self.columns)

    def read(self, texts: Sequence[str]) -> np.ndarray:
        found = [
            [bool(re.fullmatch(pattern, text, re.ASCII)) for pattern in self._patterns]
            for text in texts
        ]
        fits = np.asarray(found, "int64").reshape(len(texts), len(self._patterns))
        return fits @ self._addends

    def add_to_onnx(self, graph: OnnxGraph, texts: str) -> str:
        onnx: Any = importlib.import_module("onnx")
        # The first version of ONNX's operation set with the operation.
        graph.require_version(20)
        fits = [
            graph.add("RegexFullMatch", texts, pattern=pattern)
            for pattern in self._patterns
        ]
        numbers = graph.add(
            "Cast", graph.add("Concat", *fits, axis=1), to=onnx.TensorProto.INT64
        )
        return graph.add("MatMul", numbers, graph.constant(self._addends))

    @property
    def _patterns(self) -> list[str]:
        return [
            *dict.fromkeys(pattern for column in self.columns for pattern, _ in column)
        ]

    @property
    def _addends(self) -> np.ndarray:
        """The addend of each pattern for each number, of shape (patterns, width)."""
        row_of = {pattern: row for row, pattern in enumerate(self._patterns)}
        addends = np.zeros((len(row_of), self.width), "int64")
        for place, column in enumerate(self.columns):
            for pattern, addend in column:
                addends[row_of[pattern], place] += addend
        return addends

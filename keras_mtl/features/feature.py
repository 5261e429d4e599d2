"""The template of a feature."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Protocol, Self

import numpy as np
from pydantic import Field, field_validator

from keras_mtl._core.declarations import Declaration, Name, declaration
from keras_mtl.features._missing_words import missing_words

if TYPE_CHECKING:
    import keras
    import pandas as pd

    from keras_mtl.features.column import Column
    from keras_mtl.features.embedding import Embedding
    from keras_mtl.features.text_codes import TextCodes
    from keras_mtl.tables.column_store import Rows

__all__ = ["RESERVED_NAMES", "Feature", "InputDefaults"]

# Keras and TensorFlow give these a meaning of their own as names of inputs.
RESERVED_NAMES = frozenset({"self", "class", "mask", "training", "inputs", "name"})


class InputDefaults(Protocol):
    """What the settings of a run say of features that are not declared in full.

    `keras_mtl.configuration.InputSettings` is one.
    """

    @property
    def missing_flags(self) -> bool: ...
    @property
    def missing_values(self) -> Mapping[str, Sequence[float]]: ...
    @property
    def encoding(self) -> Any: ...
    @property
    def numeric_encoding(self) -> Any: ...
    @property
    def maximum_levels(self) -> int: ...
    @property
    def numeric_embedding(self) -> Any: ...
    @property
    def embed_above(self) -> int: ...


@declaration
class Feature(Declaration, ABC):
    """One raw input column. Use one of its kinds.

    A subclass is a kind, and owns all that is special about it: which columns
    it is inferred for, what it learns, its layer, what a request may hold, and
    rows made up to warm a server up. See `keras_mtl.register_feature_kind`.

    A feature is declared first and knows nothing of the data; `learn` returns
    it with its statistics. Both are plain values.

    Args:
        name: The name of the model's input: letters, digits and `_`.
        column: The column of the data. By default the name.
        missing_share: The share of training rows without a value, which
            `learn` fills; None says that nothing has been learned yet.
    """

    kind: ClassVar[str]
    # What the model's input takes: "float32" or "string".
    dtype: ClassVar[str]

    name: Name
    column: str | None = None
    missing_share: Annotated[float, Field(ge=0, le=1)] | None = None

    @field_validator("name")
    @classmethod
    def _check_name(cls, value: str) -> str:
        if value.lower() in RESERVED_NAMES:
            raise ValueError(
                "expected a name that means nothing to Keras, such as "
                f"'{value}_value' with column = {value!r}; received {value!r}"
            )
        return value

    @classmethod
    def matches(cls, column: Column) -> bool:
        """Says whether a column that nobody declared is of this kind.

        Kinds of plugins are asked first, in the order of their registration.
        """
        del column
        return False

    @classmethod
    def doubt(cls, column: Column) -> str:
        """Says why a matching column is rather left out, unless declared.

        Returns:
            The middle of a warning, between the column's name and how it is
            kept: `"counts the rows and looks like an identifier"`; or `""`.
        """
        del column
        return ""

    @classmethod
    def remark(cls, column: Column) -> str:
        """Says what to know of a matching column that is kept all the same.

        Returns:
            The end of a warning, after the column's name; or `""`.
        """
        del column
        return ""

    def with_defaults(self, inputs: InputDefaults) -> Self:
        """Returns an inferred feature as the settings of a run want it."""
        del inputs
        return self

    def resolve(self, values: pd.Series) -> Self:
        """Fills what was not declared from all values of the column.

        Statistics are not among it: `learn` takes them from training rows.
        """
        del values
        return self

    @property
    def column_name(self) -> str:
        """The column of the data that holds the feature."""
        return self.name if self.column is None else self.column

    @property
    def learned(self) -> bool:
        """Whether the feature has its statistics."""
        return self.missing_share is not None

    @property
    def missing_words(self) -> tuple[str, ...]:
        """The strings that mean missing, in a frame as in a request."""
        return missing_words()

    def describe(self) -> str:
        """Says in a few words what is special about the feature."""
        return ""

    @abstractmethod
    def to_array(self, values: pd.Series) -> np.ndarray:
        """Turns a column into what the model's input takes.

        Args:
            values: The column, as pandas read it.

        Returns:
            Shape (N,): float32 with NaN, or str with `""`, where missing.
        """

    def check_values(self, frame: Rows, source: str) -> list[str]:
        """Finds cells that a fit can't learn from, in training or test rows.

        Args:
            frame: The rows, with the feature's column.
            source: What the messages call the data: a file's name.

        Returns:
            A message for each kind of mistake.
        """
        del frame, source
        return []

    @property
    def missing_numbers(self) -> tuple[float, ...]:
        """The numbers that mean missing, beside NaN."""
        return ()

    def check_readable(self, frame: Rows, source: str) -> list[str]:
        """Finds cells that a trained model can't answer, in rows to predict.

        By default all cells can be: unknown ones count as missing.

        Args:
            frame: The rows, with the feature's column.
            source: What the messages call the data: a file's name.

        Returns:
            A message for each kind of error.
        """
        del frame, source
        return []

    def draw(self, generator: np.random.Generator, count: int) -> np.ndarray:
        """Draws values like those of training rows, from what was learned.

        They warm a server up and check an export. By default all are missing.

        Returns:
            Shape (count,), as `to_array` gives them.
        """
        del generator
        if self.dtype == "float32":
            return np.full(count, np.nan, "float32")
        return np.full(count, "", object)

    def metadata(self) -> dict[str, Any]:
        """Returns what clients of the served model must know, as plain values."""
        described: dict[str, Any] = {
            "name": self.name,
            "column": self.column_name,
            "kind": self.kind,
            "dtype": self.dtype,
            "missing_share": self.missing_share,
        }
        described["missing"] = (
            ["NaN"] if self.dtype == "float32" else list(self.missing_words)
        )
        return described

    @abstractmethod
    def learn(self, values: pd.Series) -> Self:
        """Returns the feature with the statistics of training rows."""

    def text_codes(self) -> TextCodes | None:
        """Returns how texts become numbers where TensorFlow does not run.

        A kind that returns them can be exported with its raw texts. Its layer
        must then take the numbers, int64 of shape (N, width), in place of the
        texts. A kind whose inputs are numbers needs none.

        Returns:
            The texts' numbers; None if only TensorFlow can read the texts.
        """
        return None

    @abstractmethod
    def encode(self, inputs: Any) -> Any:
        """Adds the feature's layer, of the name `layer_name`, to a graph.

        Args:
            inputs: The `keras.Input` of the feature, of shape (N,); or what its
                `text_codes` give, of shape (N, width).

        Returns:
            The encoded columns, of shape (N, columns).
        """

    @classmethod
    def encode_block(cls, features: Sequence[Self], inputs: Sequence[Any]) -> Any:
        """Adds the layers of all features of this kind to a graph.

        By default each feature's `encode`, which costs one layer per feature.
        A kind that may have thousands of columns encodes them by one layer.

        Args:
            features: The features of this kind, in order.
            inputs: Their `keras.Input`s, each of shape (N,); or what their
                `text_codes` give, each of shape (N, width).

        Returns:
            The encoded columns, one feature's after the other's, of shape
            (N, columns).
        """
        import keras

        encoded = [
            feature.encode(tensor)
            for feature, tensor in zip(features, inputs, strict=True)
        ]
        if len(encoded) == 1:
            return encoded[0]
        return keras.layers.Concatenate(name=cls.block_name())(encoded)

    @classmethod
    def block_name(cls) -> str:
        """The name of the layer that `encode_block` ends in.

        It has a dot, as no feature's name does: Keras refuses two layers of
        one name in a model, and the input of a feature is a layer too.
        """
        return f"block.{cls.kind}"

    @property
    def layer_name(self) -> str:
        """A name for the layer of a kind that has one per feature."""
        return f"encode.{self.name}"

    @property
    @abstractmethod
    def encoded_names(self) -> tuple[str, ...]:
        """The names of the encoded columns."""

    @property
    def trained_embedding(self) -> Embedding | None:
        """What a network learns of the first encoded column; None for nothing."""
        return None

    def without_embedding(self) -> Feature:
        """Returns the feature for a model that trains nothing before its weights."""
        return self

    def declared(self) -> Self:
        """Returns the feature without what it learned."""
        return self.replace(missing_share=None)

    def input_layer(self) -> keras.KerasTensor:
        """A new `keras.Input` for the feature, of shape (N,)."""
        import keras

        # Shape (N,) rather than (N, 1): a request may then say `63` for a row.
        return keras.Input(shape=(), name=self.name, dtype=self.dtype)

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

# Names of inputs with a special meaning in Keras or TensorFlow.
RESERVED_NAMES = frozenset({"self", "class", "mask", "training", "inputs", "name"})


class InputDefaults(Protocol):
    """Settings of a run for features that are not fully declared.

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
    """Base class of features, each of which is one raw input column.

    Use a subclass such as `NumericFeature`. A subclass defines everything that is
    special about its kind: the columns that it is inferred for, its statistics, its
    layer, the valid values of a request, and the random rows that warm a server up.
    `keras_mtl.register_feature_kind` adds a kind.

    A declared feature has no statistics. `learn` returns a copy that has the statistics
    of the training rows.

    Args:
        name: The name of the model's input: letters, digits and `_`.
        column: The column of the data. By default it has the name of the feature.
        missing_share: The share of training rows without a value. Filled by `learn`;
            None if the feature is not adapted yet.
    """

    kind: ClassVar[str]
    # The dtype of the model's input: "float32" or "string".
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
        """Check whether an undeclared column is of this kind.

        Kinds of plugins are tried first, in the order of their registration.
        """
        del column
        return False

    @classmethod
    def doubt(cls, column: Column) -> str:
        """Describe why a matching column is left out unless it is declared.

        Returns:
            The part of a warning after the name of the column, for example `"counts the
            rows and looks like an identifier"`; `""` if the column is kept.
        """
        del column
        return ""

    @classmethod
    def remark(cls, column: Column) -> str:
        """Describe an unusual property of a matching column that is kept.

        Returns:
            The end of a warning, after the name of the column; `""` for no warning.
        """
        del column
        return ""

    def with_defaults(self, inputs: InputDefaults) -> Self:
        """Return an inferred feature with the settings of a run."""
        del inputs
        return self

    def resolve(self, values: pd.Series) -> Self:
        """Fill the fields that were not declared from all values of the column.

        Statistics are not filled here: `learn` computes them from training rows.
        """
        del values
        return self

    @property
    def column_name(self) -> str:
        """The column of the data that holds the feature."""
        return self.name if self.column is None else self.column

    @property
    def learned(self) -> bool:
        """Whether the feature is adapted, that is, has its statistics."""
        return self.missing_share is not None

    @property
    def missing_words(self) -> tuple[str, ...]:
        """The strings that mean a missing value, in a frame and in a request."""
        return missing_words()

    def describe(self) -> str:
        """Describe the feature's special properties in a few words."""
        return ""

    @abstractmethod
    def to_array(self, values: pd.Series) -> np.ndarray:
        """Convert a column to an array for the input of the model.

        Args:
            values: The column, as pandas read it.

        Returns:
            An array of shape (N,): float32, NaN where missing; or str, `""` where
            missing.
        """

    def check_values(self, frame: Rows, source: str) -> list[str]:
        """Find values in training or test rows that a fit cannot use.

        Args:
            frame: The rows, with the feature's column.
            source: The name of the data in error messages, such as a file name.

        Returns:
            One message per kind of error.
        """
        del frame, source
        return []

    @property
    def missing_numbers(self) -> tuple[float, ...]:
        """The numbers that mean a missing value, in addition to NaN."""
        return ()

    def check_readable(self, frame: Rows, source: str) -> list[str]:
        """Find values in rows to predict that a trained model cannot use.

        By default, unknown values count as missing and are not errors.

        Args:
            frame: The rows, with the feature's column.
            source: The name of the data in error messages, such as a file name.

        Returns:
            One message per kind of error.
        """
        del frame, source
        return []

    def draw(self, generator: np.random.Generator, count: int) -> np.ndarray:
        """Draw random values from the statistics of the training rows.

        The values are used to warm a server up and to check an export. By default all
        values are missing.

        Returns:
            An array of shape (count,), as returned by `to_array`.
        """
        del generator
        if self.dtype == "float32":
            return np.full(count, np.nan, "float32")
        return np.full(count, "", object)

    def metadata(self) -> dict[str, Any]:
        """Return facts for clients of the served model, as plain values."""
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
        """Return the feature with the statistics of training rows."""

    def text_codes(self) -> TextCodes | None:
        """Return the conversion of text to numbers for runtimes without TensorFlow.

        A kind that returns a conversion can be exported with its raw text. Its layer
        must then also accept the numbers, int64 of shape (N, width), in place of the
        text. A kind whose inputs are numbers needs no conversion.

        Returns:
            The conversion; None if only TensorFlow can read the text.
        """
        return None

    @abstractmethod
    def encode(self, inputs: Any) -> Any:
        """Add the layer of the feature, named `layer_name`, to a graph.

        Args:
            inputs: The `keras.Input` of the feature, of shape (N,); or the numbers of
                its `text_codes`, of shape (N, width).

        Returns:
            The encoded columns, of shape (N, columns).
        """

    @classmethod
    def encode_block(cls, features: Sequence[Self], inputs: Sequence[Any]) -> Any:
        """Add the layers of all features of this kind to a graph.

        By default `encode` adds one layer per feature. A kind that may have thousands
        of columns overrides this method to encode all of them with one layer.

        Args:
            features: The features of this kind, in order.
            inputs: The `keras.Input` of each feature, of shape (N,); or the numbers of
                its `text_codes`, of shape (N, width).

        Returns:
            The encoded columns of all features in order, of shape (N, columns).
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
        """Return the name of the last layer of `encode_block`.

        The name has a dot, so that it differs from the name of every feature: Keras
        refuses two layers of the same name in a model, and the input of a feature is a
        layer too.
        """
        return f"block.{cls.kind}"

    @property
    def layer_name(self) -> str:
        """The name of the layer, for kinds that have one layer per feature."""
        return f"encode.{self.name}"

    @property
    @abstractmethod
    def encoded_names(self) -> tuple[str, ...]:
        """The names of the encoded columns."""

    @property
    def trained_embedding(self) -> Embedding | None:
        """The trained embedding of the first encoded column; None without one."""
        return None

    def without_embedding(self) -> Feature:
        """Return the feature for a model without trained embeddings."""
        return self

    def declared(self) -> Self:
        """Return the feature without its statistics."""
        return self.replace(missing_share=None)

    def input_layer(self) -> keras.KerasTensor:
        """Make a new `keras.Input` for the feature, of shape (N,)."""
        import keras

        # With shape (N,) rather than (N, 1), a request may have `63` for a row.
        return keras.Input(shape=(), name=self.name, dtype=self.dtype)

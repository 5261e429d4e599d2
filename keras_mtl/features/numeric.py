"""A feature that is a number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, FiniteFloat

from keras_mtl._core.declarations import declaration
from keras_mtl.features._standardize import LARGEST_NUMBER
from keras_mtl.features.embedding import Embedding
from keras_mtl.features.feature import Feature, InputDefaults
from keras_mtl.tables.text_values import format_number

if TYPE_CHECKING:
    import pandas as pd

    from keras_mtl.features.column import Column
    from keras_mtl.tables.column_store import Rows

__all__ = ["NumberEncoding", "NumericFeature"]

NumberEncoding = Literal["standard", "robust", "quantile"]

ROWS_SEEN_FIRST = 10_000
# A column of text in which at least this share of the cells are numbers is a numeric
# column with errors, and not a categorical one.
NUMERIC_SHARE = 0.8
# The largest number of bins of a piecewise linear embedding (Gorishniy et al. 2025).
BINS = 48


@declaration
class NumericFeature(Feature):
    """A column of numbers, standardized; a missing number becomes the center.

    There are three encodings. The last two suit columns with outliers:

    - `"standard"`: the distance from the mean in standard deviations, clipped at 10.
    - `"robust"` (Holzmüller et al. 2024, https://arxiv.org/abs/2407.04491): z / sqrt(1
      + (z / 3)^2), which is between -3 and 3, where z is the distance from the median
      in units of the interquartile range, or of half the whole range if the quartiles
      are equal.
    - `"quantile"`: the standard normal quantile of the share of training rows below the
      number. Numbers outside the training range count as the nearest end of the range.

    Args:
        name: See `Feature`.
        column: See `Feature`.
        missing_share: See `Feature`.
        missing_values: Numbers that mean a missing value, for example 0 for a blood
            pressure.
        missing_flag: Whether a second column marks missing values. The column is left
            out if no value is missing in the training rows.
        maximum_levels: A number with at least three and at most this many distinct
            whole values in the training rows also has one column per value, so that the
            effect of a count need not be linear.
        embedding: A function of the number that the network learns in addition to its
            weights: `"ple"`, piecewise linear with knots at quantiles of the training
            rows; `"pbld"`, periodic; or `"none"`. A number with `levels` has no
            embedding, as its levels serve the same purpose.
        encoding: The encoding; see above.
        maximum_quantiles: The largest number of quantiles that the encoding
            `"quantile"` keeps. Between them it interpolates linearly.
        levels: The distinct whole values. This and the following arguments are filled
            by `learn`.
        level_shares: The share of training rows with each of the `levels`.
        mean: The training mean.
        scale: The training standard deviation.
        minimum: The smallest training value.
        maximum: The largest training value.
        bin_edges: The edges of bins with about equally many training rows, for `"ple"`.
        median: The training median, for the encoding `"robust"` only.
        spread: The interquartile range of the training rows, or half the whole range if
            the quartiles are equal, for the encoding `"robust"` only.
        quantiles: Training values in ascending order, for the encoding `"quantile"`
            only.
        scores: The encoded number of each of the `quantiles`.

    Example:

    >>> import pandas as pd
    >>> feature = NumericFeature("chol", missing_values=(0,))
    >>> feature = feature.learn(pd.Series([0.0, 200.0, 220.0]))
    >>> feature.mean, feature.scale, feature.encoded_names
    (210.0, 10.0, ('chol', 'chol_missing'))
    """

    kind: ClassVar[str] = "numeric"
    dtype: ClassVar[str] = "float32"

    missing_values: tuple[float, ...] = ()
    missing_flag: bool = True
    maximum_levels: Annotated[int, Field(ge=0)] = 10
    embedding: Literal["none", "ple", "pbld"] = "none"
    encoding: NumberEncoding = "standard"
    maximum_quantiles: Annotated[int, Field(ge=2, le=10_000)] = 1000
    levels: tuple[float, ...] = ()
    level_shares: tuple[float, ...] = ()
    mean: FiniteFloat = 0.0
    scale: Annotated[FiniteFloat, Field(gt=0)] = 1.0
    minimum: float | None = None
    maximum: float | None = None
    bin_edges: tuple[float, ...] = ()
    median: FiniteFloat = 0.0
    spread: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    quantiles: tuple[FiniteFloat, ...] = ()
    scores: tuple[FiniteFloat, ...] = ()

    @classmethod
    def matches(cls, column: Column) -> bool:
        if column.is_numeric:
            return True
        return not column.is_boolean and column.number_share >= NUMERIC_SHARE

    @classmethod
    def remark(cls, column: Column) -> str:
        return column.describe_dates("numbers") if column.is_numeric else ""

    @classmethod
    def doubt(cls, column: Column) -> str:
        # Imported here: pandas is not needed to check settings.
        from keras_mtl.tables.suspicions import identifier_look

        if not column.is_numeric or column.looks_like_dates:
            return ""
        reason = identifier_look(column.present, column.name)
        if reason is None:
            return ""
        return (
            "holds a different whole number in every row and looks like an identifier "
            f"({reason})"
        )

    def with_defaults(self, inputs: InputDefaults) -> Self:
        return self.replace(
            missing_flag=inputs.missing_flags,
            missing_values=inputs.missing_values.get(self.column_name, ()),
            maximum_levels=inputs.maximum_levels,
            embedding=inputs.numeric_embedding,
            encoding=inputs.numeric_encoding,
        )

    @property
    def has_flag(self) -> bool:
        """Whether the encoding has the column that marks missing values."""
        return self.missing_flag and bool(self.missing_share)

    @property
    def encoded_names(self) -> tuple[str, ...]:
        levels = [f"{self.name}[{format_number(level)}]" for level in self.levels]
        flag = [f"{self.name}_missing"] if self.has_flag else []
        return (self.name, *levels, *flag)

    @property
    def trained_embedding(self) -> Embedding | None:
        if self.embedding == "none" or self.levels:
            return None
        return Embedding(self.embedding, quantiles=self.bin_edges)

    def without_embedding(self) -> Self:
        return self.replace(embedding="none", bin_edges=())

    def describe(self) -> str:
        numbers = " or ".join(f"{value:g}" for value in self.missing_values)
        facts = [f"{numbers} means missing"] if numbers else []
        if self.encoding != "standard":
            facts.append(f"{self.encoding} scale")
        return ", ".join(facts)

    def check_values(self, frame: Rows, source: str) -> list[str]:
        from keras_mtl.tables import find_infinite, find_non_numeric

        return [
            *find_non_numeric(frame, self.column_name, source),
            *find_infinite(frame, self.column_name, source),
        ]

    @property
    def missing_numbers(self) -> tuple[float, ...]:
        return self.missing_values

    def check_readable(self, frame: Rows, source: str) -> list[str]:
        from keras_mtl.tables import find_non_numeric

        return find_non_numeric(frame, self.column_name, source)

    def draw(self, generator: np.random.Generator, count: int) -> np.ndarray:
        values = generator.normal(self.mean, self.scale, count)
        low = -np.inf if self.minimum is None else self.minimum
        high = np.inf if self.maximum is None else self.maximum
        return np.clip(values, low, high).round(1).astype("float32")

    def metadata(self) -> dict[str, Any]:
        return {
            **super().metadata(),
            "range": [self.minimum, self.maximum],
            "missing": ["NaN", *self.missing_values],
        }

    def to_array(self, values: pd.Series) -> np.ndarray:
        import pandas as pd

        numbers = pd.to_numeric(values, errors="coerce").to_numpy("float64")
        # Too large numbers become infinite, and the encoding clips them.
        with np.errstate(over="ignore"):
            return numbers.astype("float32")

    def learn(self, values: pd.Series) -> Self:
        numbers = self.to_array(values).astype("float64")
        missing = ~np.isfinite(numbers)
        for value in np.asarray(self.missing_values, "float32"):
            missing |= numbers == float(value)
        known = np.clip(numbers[~missing], -LARGEST_NUMBER, LARGEST_NUMBER)
        if known.size == 0:
            # All values are missing, so any finite statistics work.
            return self.replace(missing_share=1.0)
        levels, shares = self._learn_levels(known, len(numbers))
        spread = float(known.std())
        return self.replace(
            missing_share=float(missing.mean()),
            levels=levels,
            level_shares=shares,
            mean=float(known.mean()),
            scale=spread if spread >= np.finfo("float32").tiny else 1.0,
            minimum=float(known.min()),
            maximum=float(known.max()),
            bin_edges=_bin_edges(known) if self.embedding == "ple" else (),
            **self._learn_scale(known),
        )

    def _learn_scale(self, known: np.ndarray) -> dict[str, Any]:
        if self.encoding == "robust":
            low, median, high = np.quantile(known, (0.25, 0.5, 0.75))
            spread = high - low or (known.max() - known.min()) / 2
            return {"median": float(median), "spread": float(spread)}
        if self.encoding == "quantile":
            from keras_mtl.features.normal_scores import normal_scores

            learned = normal_scores(known, self.maximum_quantiles)
            return {"quantiles": learned.quantiles, "scores": learned.scores}
        return {}

    def _learn_levels(
        self, known: np.ndarray, rows: int
    ) -> tuple[tuple[float, ...], tuple[float, ...]]:
        # A few rows are enough to find too many values.
        if len(np.unique(known[:ROWS_SEEN_FIRST])) > self.maximum_levels:
            return (), ()
        levels, counts = np.unique(known, return_counts=True)
        few = 3 <= len(levels) <= self.maximum_levels
        if not few or not np.all(levels == np.round(levels)):
            return (), ()
        return tuple(levels.tolist()), tuple((counts / rows).tolist())

    def declared(self) -> Self:
        return self.replace(
            missing_share=None,
            levels=(),
            level_shares=(),
            mean=0.0,
            scale=1.0,
            minimum=None,
            maximum=None,
            bin_edges=(),
            median=0.0,
            spread=0.0,
            quantiles=(),
            scores=(),
        )

    def _column_scale(self) -> dict[str, Any]:
        """Return the fields of the layer's column that determine its scale."""
        if self.encoding == "robust":
            return {
                "encoding": "robust",
                "mean": self.median,
                "scale": self.spread,
            }
        if self.encoding == "quantile":
            return {
                "encoding": "quantile",
                "quantiles": self.quantiles,
                "scores": self.scores,
            }
        return {"mean": self.mean, "scale": self.scale}

    def encode(self, inputs: Any) -> Any:
        return self.encode_block([self], [inputs])

    @classmethod
    def encode_block(cls, features: Sequence[Self], inputs: Sequence[Any]) -> Any:
        from keras_mtl.features._numeric_encoding import NumericColumn, NumericEncoding

        columns = [
            NumericColumn(
                **feature._column_scale(),
                missing_values=feature.missing_values,
                missing_share=feature.missing_share if feature.has_flag else None,
                levels=feature.levels,
                level_shares=feature.level_shares,
            )
            for feature in features
        ]
        return NumericEncoding(columns, name=cls.block_name())(list(inputs))


def _bin_edges(known: np.ndarray) -> tuple[float, ...]:
    # Only values of rows: a value between them could be a number that means missing.
    levels = np.linspace(0.0, 1.0, BINS + 1)
    found = np.quantile(known, levels, method="closest_observation")
    return tuple(np.unique(found).tolist())

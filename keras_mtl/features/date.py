"""A feature that is a date."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import Field, FiniteFloat

from keras_mtl._core.declarations import declaration
from keras_mtl.features._dates import (
    DATE_FORMATS,
    DateFormatName,
    detect_formats,
    parse_dates,
    write_date,
)
from keras_mtl.features.feature import Feature, InputDefaults
from keras_mtl.tables.text_values import count_words, to_words

if TYPE_CHECKING:
    import pandas as pd

    from keras_mtl.features.column import Column
    from keras_mtl.features.text_codes import TextCodes
    from keras_mtl.tables.column_store import Rows

__all__ = ["DateFeature"]

WEEKDAYS = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
DESCRIPTIONS = {
    "iso": "year-month-day",
    "compact": "yearmonthday",
    "day_first": "day/month/year",
    "month_first": "month/day/year",
    "day_month_name": "day, month's name, year",
    "month_name_day": "month's name, day, year",
    "excel": "Excel's count of days",
    "unix": "seconds since 1970",
    "unix_ms": "milliseconds since 1970",
}
DATE_KINDS = ", ".join(f"{name} ({what})" for name, what in DESCRIPTIONS.items())


@declaration
class DateFeature(Feature):
    """A date, encoded as its age in days, year, month, day of the week and hour.

    The hour is left out if no training row has a time of day. A date that is missing or
    cannot be read is encoded as the mean, and a separate column marks it. Time zones
    are ignored: dates and hours are read as they are written.

    Args:
        name: See `Feature`.
        column: See `Feature`.
        missing_share: See `Feature`. Dates that cannot be read count as missing.
        missing_flag: Whether a last column marks missing dates. The column is left out
            if no date is missing in the training rows.
        format: The format of the dates: `"iso"` (2024-01-31, with or without a time),
            `"compact"` (20240131), `"day_first"` (31.1.2024), `"month_first"`
            (1/31/2024), `"excel"`, `"unix"` or `"unix_ms"`. By default the first of
            these formats that fits all rows.
        mean_days: The mean of the days since 1970-01-01. This and the following
            arguments are filled by `learn`.
        scale_days: The standard deviation of the days.
        mean_year: The mean of the year.
        scale_year: The standard deviation of the year.
        has_time: Whether any training row has a time of day.
        minimum: The earliest training date, in days since 1970-01-01.
        maximum: The latest training date, likewise.

    Example:

    >>> import pandas as pd
    >>> feature = DateFeature("visit").learn(pd.Series(["31.1.2024", "2.2.2024", None]))
    >>> feature.format, feature.mean_year, feature.encoded_names[:3]
    ('day_first', 2024.0, ('visit_age', 'visit_year', 'visit_month_sine'))
    """

    kind: ClassVar[str] = "date"
    dtype: ClassVar[str] = "string"

    missing_flag: bool = True
    format: DateFormatName | None = None
    mean_days: FiniteFloat = 0.0
    scale_days: Annotated[FiniteFloat, Field(gt=0)] = 1.0
    mean_year: FiniteFloat = 1970.0
    scale_year: Annotated[FiniteFloat, Field(gt=0)] = 1.0
    has_time: bool = False
    minimum: int | None = None
    maximum: int | None = None

    @classmethod
    def matches(cls, column: Column) -> bool:
        return bool(column.date_formats)

    @classmethod
    def remark(cls, column: Column) -> str:
        formats = column.date_formats
        remark = f"is read as dates, {DESCRIPTIONS[formats[0]]}"
        if len(formats) > 1:
            import shlex

            other = shlex.quote(f"{column.name}:date:format={formats[1]}")
            return (
                f"{remark}, though {DESCRIPTIONS[formats[1]]} fits as well (--feature "
                f"{other})."
            )
        return f"{remark}."

    def with_defaults(self, inputs: InputDefaults) -> Self:
        return self.replace(missing_flag=inputs.missing_flags)

    def resolve(self, values: pd.Series) -> Self:
        if self.format is not None:
            return self
        formats = detect_formats(self._words(values), counted=True)
        return self.replace(format=formats[0]) if formats else self

    @property
    def has_flag(self) -> bool:
        """Whether the encoding has the column that marks missing values."""
        return self.missing_flag and bool(self.missing_share)

    @property
    def encoded_names(self) -> tuple[str, ...]:
        parts = ["age", "year", "month_sine", "month_cosine", *WEEKDAYS]
        parts += ["hour_sine", "hour_cosine"] * self.has_time
        parts += ["missing"] * self.has_flag
        return tuple(f"{self.name}_{part}" for part in parts)

    def describe(self) -> str:
        return "" if self.format is None else DESCRIPTIONS[self.format]

    def check_values(self, frame: Rows, source: str) -> list[str]:
        from keras_mtl.tables import describe_cells

        values = frame[self.column_name]
        feature = self.resolve(values)
        where = f"{source}, column {self.column_name!r}"
        if feature.format is None:
            words = sorted(self._words(values))[:3]
            return [
                f"{where}: expected dates of one format: {DATE_KINDS}. Received: "
                f"{', '.join(map(repr, words)) or 'no date'}. Correct them, or read "
                "the column as another kind."
            ]
        texts = to_words(values, self.missing_words)
        distinct = [*dict.fromkeys(texts.tolist())]
        readable = parse_dates(distinct, feature.format).readable
        wrong = {
            word for word, fine in zip(distinct, readable, strict=True) if not fine
        }
        unknown = values[[text in wrong and text != "" for text in texts]]
        if unknown.empty:
            return []
        return [
            f"{where}: expected dates as {DESCRIPTIONS[feature.format]}. Received: "
            f"{describe_cells(frame, unknown)}. Correct these cells, leave them empty, "
            "or say how the dates are written (format in the feature's settings)."
        ]

    def draw(self, generator: np.random.Generator, count: int) -> np.ndarray:
        low, high = self.minimum or 0, self.maximum or 0
        days = generator.integers(low, high + 1, count)
        name = self.format or "iso"
        return np.asarray([write_date(int(day), name) for day in days], object)

    def metadata(self) -> dict[str, Any]:
        name = self.format or "iso"
        ends = [
            None if day is None else write_date(day, name)
            for day in (self.minimum, self.maximum)
        ]
        return {**super().metadata(), "format": name, "range": ends}

    def to_array(self, values: pd.Series) -> np.ndarray:
        return to_words(values, self.missing_words)

    def learn(self, values: pd.Series) -> Self:
        feature = self.resolve(values)
        counts = count_words(values, self.missing_words)
        words, rows = [*counts], np.asarray([*counts.values()])
        calendar = parse_dates(words, feature.format or "iso")
        known, weights = calendar.readable, rows[calendar.readable]
        if not known.any():
            return feature.replace(missing_share=1.0)
        days, years = calendar.days[known], calendar.year[known]
        return feature.replace(
            missing_share=1 - float(weights.sum() / rows.sum()),
            has_time=bool(calendar.hour[known].any()),
            minimum=int(days.min()),
            maximum=int(days.max()),
            **_moments("days", days, weights),
            **_moments("year", years, weights),
        )

    def declared(self) -> Self:
        fresh = type(self)(self.name)
        names = (
            *("mean_days", "scale_days", "mean_year", "scale_year", "has_time"),
            *("minimum", "maximum", "missing_share"),
        )
        return self.replace(**{name: getattr(fresh, name) for name in names})

    def _words(self, values: pd.Series) -> set[str]:
        return {*count_words(values, self.missing_words)} - {""}

    def text_codes(self) -> TextCodes:
        from keras_mtl.features._date_codes import date_codes

        return date_codes(DATE_FORMATS[self.format or "iso"])

    def encode(self, inputs: Any) -> Any:
        return self.encode_block([self], [inputs])

    @classmethod
    def encode_block(cls, features: Sequence[Self], inputs: Sequence[Any]) -> Any:
        from keras_mtl.features._date_encoding import DateColumn, DateEncoding

        columns = [
            DateColumn(
                format=feature.format or "iso",
                mean_days=feature.mean_days,
                scale_days=feature.scale_days,
                mean_year=feature.mean_year,
                scale_year=feature.scale_year,
                has_time=feature.has_time,
                missing_share=feature.missing_share if feature.has_flag else None,
            )
            for feature in features
        ]
        return DateEncoding(columns, name=cls.block_name())(list(inputs))


def _moments(what: str, values: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    mean = float(np.average(values, weights=weights))
    spread = float(np.sqrt(np.average((values - mean) ** 2, weights=weights)))
    return {f"mean_{what}": mean, f"scale_{what}": spread or 1.0}

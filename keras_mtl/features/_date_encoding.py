"""The layer of all date features."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_mtl.features._block_encoding import are_codes
from keras_mtl.features._column_order import join_in_feature_order
from keras_mtl.features._date_codes import read_codes
from keras_mtl.features._dates import (
    AFTERNOON,
    DATE_FORMATS,
    MORNING,
    Calendar,
    DateFormat,
    DateFormatName,
    hour_of_day,
    make_calendar,
)
from keras_mtl.features._share_encoding import ShareEncoding
from keras_mtl.features._standardize import standardize_share

__all__ = ["DateColumn", "DateEncoding"]

# In standard deviations, as for numbers.
CLIP = 10.0
WEEKDAYS = 7


@dataclass(frozen=True)
class DateColumn:
    """Settings of one date feature.

    Attributes:
        format: The name of the date format.
        mean_days: The training mean of the days since 1970-01-01.
        scale_days: The training standard deviation of the days.
        mean_year: The training mean of the year.
        scale_year: The training standard deviation of the year.
        has_time: Whether the hour is encoded.
        missing_share: The share of training rows without a readable date; None leaves
            out the column that marks missing dates.
    """

    format: DateFormatName = "iso"
    mean_days: float = 0.0
    scale_days: float = 1.0
    mean_year: float = 1970.0
    scale_year: float = 1.0
    has_time: bool = False
    missing_share: float | None = None


@keras.saving.register_keras_serializable(package="keras_mtl")
class DateEncoding(ShareEncoding):
    """Layer that parses dates and encodes their parts.

    The encoded columns of a date are the days back from the mean training day and the
    year, both standardized; the month as a point on a circle (sine and cosine); the day
    of the week as seven columns; the hour as a point on a circle, if `has_time`; and
    whether the date is missing, standardized. A date that is missing or cannot be read
    is 0 in all columns but the last.

    Args:
        columns: One `DateColumn`, or a dict of its fields, per date.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: A list of one string tensor of shape (N,) per date; or of the
            numbers of `date_codes`, of shape (N, width).

    Returns:
        float32 of shape (N, columns), in the order of the features.

    Example:

    >>> column = DateColumn(mean_days=19_723.0, scale_days=10.0, mean_year=2024.0)
    >>> layer = DateEncoding([column])
    >>> dates = tf.constant(["2024-01-11", "2024-13-01", ""])
    >>> layer([dates]).numpy()[:, 0].tolist()  # the age, in 10 days
    [-1.0, 0.0, 0.0]
    """

    def __init__(
        self,
        columns: Iterable[DateColumn | Mapping[str, Any]],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.columns = tuple(
            column if isinstance(column, DateColumn) else DateColumn(**column)
            for column in columns
        )
        # TensorFlow reads strings only on the host.
        self.supports_jit = False

    def call(self, inputs):
        calendar = self._read(inputs)
        known = ops.cast(calendar.readable, "float32")
        positions = np.arange(len(self.columns))
        parts, places = [], []

        def add(values: Any, of: np.ndarray = positions) -> None:
            parts.append(values)
            places.append(of)

        # An age: the reference day cancels when the mean is subtracted.
        add(-known * self._standard(calendar.days, "days"))
        add(known * self._standard(calendar.year, "year"))
        for wave in _circle(calendar.month - 1, 12):
            add(known * wave)
        # As if all days of the week were equally frequent.
        off, on = standardize_share(1 / WEEKDAYS)
        days = ops.one_hot(calendar.weekday, WEEKDAYS, dtype="float32")
        days = (off + (on - off) * days) * known[..., None]
        add(
            ops.reshape(days, (-1, len(self.columns) * WEEKDAYS)),
            np.repeat(positions, WEEKDAYS),
        )
        timed = [i for i in positions if self.columns[i].has_time]
        if timed:
            for wave in _circle(calendar.hour, 24):
                add(ops.take(known * wave, timed, axis=-1), np.asarray(timed))
        shares = {
            position: self.standardize(column.missing_share)
            for position, column in enumerate(self.columns)
            if column.missing_share is not None
        }
        if shares:
            flagged = [*shares]
            present, missing = np.asarray([*shares.values()], "float32").T
            readable = ops.take(calendar.readable, flagged, axis=-1)
            add(ops.where(readable, present, missing), np.asarray(flagged))
        return join_in_feature_order(parts, places)

    def _read(self, inputs: Any) -> Calendar:
        """Parse all dates, (N, dates), the texts of one format together."""
        if are_codes(inputs):
            read = [
                read_codes(DATE_FORMATS[column.format], codes)
                for column, codes in zip(self.columns, inputs, strict=True)
            ]
            return Calendar(
                *[tf.stack(fields, -1) for fields in zip(*read, strict=True)]
            )
        texts = ops.stack(inputs, axis=-1)
        by_format: dict[str, list[int]] = {}
        for position, column in enumerate(self.columns):
            by_format.setdefault(column.format, []).append(position)
        read = [
            _read_format(DATE_FORMATS[name], tf.gather(texts, positions, axis=-1))
            for name, positions in by_format.items()
        ]
        if len(read) == 1:
            return read[0]
        order = np.argsort(np.concatenate([*by_format.values()]))
        return Calendar(
            *[
                tf.gather(tf.concat(fields, axis=-1), order, axis=-1)
                for fields in zip(*read, strict=True)
            ]
        )

    def _standard(self, values: Any, what: str) -> Any:
        mean = np.asarray([getattr(each, f"mean_{what}") for each in self.columns])
        scale = np.asarray([getattr(each, f"scale_{what}") for each in self.columns])
        # Whole days are exact in float32 up to the year 47,000.
        distance = ops.cast(values, "float32") - mean.astype("float32")
        standard = distance * (1 / scale).astype("float32")
        return ops.clip(standard, -CLIP, CLIP)

    def compute_output_shape(self, input_shape):
        columns = sum(
            4 + WEEKDAYS + 2 * column.has_time + (column.missing_share is not None)
            for column in self.columns
        )
        return (*input_shape[0], columns)

    def get_config(self):
        return {
            **super().get_config(),
            "columns": [asdict(column) for column in self.columns],
        }


def _circle(values: Any, period: int) -> list[Any]:
    """Return sine and cosine of whole numbers as points on a circle."""
    # A table, since rounding in the sine of a tensor depends on the tensor's length.
    angle = 2 * math.pi / period * np.arange(period)
    index = ops.mod(values, period)
    # Over a whole period, the standard deviation of a sine is the square root of 1/2.
    return [
        ops.take((math.sqrt(2) * wave(angle)).astype("float32"), index)
        for wave in (np.sin, np.cos)
    ]


def _read_format(form: DateFormat, texts: tf.Tensor) -> Calendar:
    for pattern, replacement in form.rewrites:
        texts = tf.strings.regex_replace(texts, pattern, replacement)
    whole = f"^(?:{form.pattern})$"
    fits = tf.strings.regex_full_match(texts, form.pattern)

    def group(number: int) -> tf.Tensor:
        digits = tf.strings.regex_replace(texts, whole, f"\\{number}")
        # The optional group, the time of day, may be empty.
        digits = tf.where(fits & (digits != ""), digits, "0")
        return tf.strings.to_number(digits, tf.int64)

    numbers = [group(number) for number in form.groups]
    if len(numbers) == 4:
        halves = [tf.strings.regex_full_match(texts, it) for it in (MORNING, AFTERNOON)]
        numbers[3] = hour_of_day(numbers[3], *halves)
    return make_calendar(form, fits, numbers)

"""Formats of dates, and calendar arithmetic.

The arithmetic uses only operators, so NumPy arrays and TensorFlow tensors run through
the same code.
"""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

__all__ = [
    "DATE_FORMATS",
    "Calendar",
    "DateFormat",
    "DateFormatName",
    "days_of_civil",
    "detect_formats",
    "parse_dates",
    "write_date",
]

DateFormatName = Literal[
    "iso",
    "compact",
    "day_first",
    "month_first",
    "day_month_name",
    "month_name_day",
    "excel",
    "unix",
    "unix_ms",
]
_TIME = (
    r"(?:[T, ]+(\d{1,2}):\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[AaPp]\.?[Mm]\.?)?"
    r"(?: ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?)?"
)
# AM or PM of a time.
MORNING = r".*:.*\d ?[Aa]\.?[Mm]\.?.*"
AFTERNOON = r".*:.*\d ?[Pp]\.?[Mm]\.?.*"
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)


def _month_names() -> tuple[tuple[int, str], ...]:
    """Return each month's number, and a pattern of its name at any length."""
    # September is often shortened to four letters, too.
    ends = {
        name: f"{name[3:]}|t" if name[3:] == "tember" else name[3:] for name in MONTHS
    }
    return tuple(
        (number, f"(?i:{name[:3]}(?:{ends[name]})?)")
        for number, name in enumerate(MONTHS, 1)
    )


MONTH_NAMES = _month_names()


def _short_years(before: str) -> tuple[tuple[str, str], ...]:
    """Return rewrites of two-digit years: from 1969 to 2068, as in POSIX."""
    # The pattern's own groups come before the year.
    year = re.compile(before).groups + 2
    return tuple(
        (f"^({before})({pattern})\\b", f"\\1 {century}\\{year}")
        for century, pattern in CENTURIES
    )


CENTURIES = ((19, r"69|[7-9]\d"), (20, r"[0-5]\d|6[0-8]"))
SECONDS_PER_DAY = 86_400
# The first day of 1970 in Excel's count, in which day 60 did not exist.
EXCEL_EPOCH = 25_569
# A number of days that is larger than any that a format can count.
LONGEST_COUNT = 100_000_000


@dataclass(frozen=True)
class DateFormat:
    """One way to write dates.

    Attributes:
        before: A regular expression for the text before the year, valid in Python and
            RE2; empty if the year comes first. A month that was a name is between `@`s,
            which dates do not contain.
        year: A regular expression for the year, or for the number of a count.
        after: A regular expression for the text after the year.
        groups: The numbers of the groups of year, month, day and hour; or of the
            number of a count.
        month_point: Whether a period after the name of a month belongs to it.
        short_years: Whether years may have two digits.
        unit: The number of units of a count per day; 0 for a written date.
        start: The number of the day 1970-01-01 in a count.
    """

    before: str
    year: str
    after: str
    groups: tuple[int, ...]
    month_point: bool = True
    short_years: bool = False
    unit: int = 0
    start: int = 0

    @property
    def pattern(self) -> str:
        """The regular expression of a whole date after the rewrites."""
        return self.before + self.year + self.after

    @functools.cached_property
    def rewrites(self) -> tuple[tuple[str, str], ...]:
        """Patterns and their replacements, which are applied before matching."""
        rewrites: tuple[tuple[str, str], ...] = ()
        if "@" in self.pattern:
            point = r"\.?" if self.month_point else ""
            rewrites = tuple(
                (name + point, f"@{number:02}@") for number, name in MONTH_NAMES
            )
        return rewrites + (_short_years(self.before) if self.short_years else ())


_IN_NUMBERS = r"(\d{1,2})[-/.](\d{1,2})[-/.]"
WEEKDAY = r"(?:[A-Za-z]{3,9},? +)?"
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r" ?(\d{4})"
DATE_FORMATS: dict[str, DateFormat] = {
    "iso": DateFormat(
        "",
        r"(\d{4})",
        r"[-/.]@?(\d{1,2})@?[-/.](\d{1,2})" + _TIME,
        (1, 2, 3, 4),
        # 2024.Jan.31, in which the periods are separators.
        month_point=False,
    ),
    "compact": DateFormat("", r"(\d{4})", r"(\d{2})(\d{2})", (1, 2, 3)),
    "day_first": DateFormat(_IN_NUMBERS, _YEAR, _TIME, (3, 2, 1, 4), short_years=True),
    "month_first": DateFormat(
        _IN_NUMBERS, _YEAR, _TIME, (3, 1, 2, 4), short_years=True
    ),
    "day_month_name": DateFormat(
        WEEKDAY + _DAY + r"[-/. ]*@(\d{2})@[-/., ]*",
        _YEAR,
        _TIME,
        (3, 2, 1, 4),
        short_years=True,
    ),
    "month_name_day": DateFormat(
        WEEKDAY + r"@(\d{2})@[-/. ]*" + _DAY + r"[-/., ]+",
        _YEAR,
        _TIME,
        (3, 1, 2, 4),
        short_years=True,
    ),
    "excel": DateFormat(
        "", r"(\d{1,6})", r"(?:\.\d+)?", (1,), unit=1, start=EXCEL_EPOCH
    ),
    "unix": DateFormat("", r"(-?\d{1,12})", r"(?:\.\d+)?", (1,), unit=SECONDS_PER_DAY),
    "unix_ms": DateFormat(
        "", r"(-?\d{1,15})", r"(?:\.\d+)?", (1,), unit=1000 * SECONDS_PER_DAY
    ),
}
assert set(DATE_FORMATS) == set(get_args(DateFormatName))
# The formats to try on any text, and the ranges of numbers that count dates.
WRITTEN = ("iso", "day_first", "month_first", "day_month_name", "month_name_day")
COUNTED = {"excel": (15_000, 80_000), "unix": (1e8, 1e10), "unix_ms": (1e11, 1e13)}


class Calendar(NamedTuple):
    """Parts of dates, as arrays of the shape of the dates.

    Attributes:
        readable: Whether the text is a valid date.
        days: The days since 1970-01-01; 0 if not readable, like all other parts.
        year: The year.
        month: The month, from 1.
        weekday: The day of the week, from 0 for Monday.
        hour: The hour, from 0; 0 without a time of day.
    """

    readable: Any
    days: Any
    year: Any
    month: Any
    weekday: Any
    hour: Any


def days_of_civil(year: Any, month: Any, day: Any) -> Any:
    """Return the days since 1970-01-01 of dates in the Gregorian calendar.

    The algorithm is `days_from_civil` of Howard Hinnant,
    https://howardhinnant.github.io/date_algorithms.html.

    Example:

    >>> days_of_civil(np.array([1970, 2000]), np.array([1, 3]), np.array([1, 1]))
    array([    0, 11017])
    """
    # The year begins in March, so the leap day is its last day.
    early = (14 - month) // 12
    year = year - early
    shifted = month + 12 * early - 3
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * shifted + 2) // 5 + day - 1
    day_of_era = of_era * 365 + of_era // 4 - of_era // 100 + of_year
    return era * 146_097 + day_of_era - 719_468


def civil_of_days(days: Any) -> tuple[Any, Any]:
    """Return years and months of days since 1970-01-01; see `days_of_civil`."""
    days = days + 719_468
    era = days // 146_097
    of_era = days - era * 146_097
    year_of_era = (
        of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096
    ) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * of_year + 2) // 153
    late = shifted // 10
    return year_of_era + era * 400 + late, shifted + 3 - 12 * late


def month_length(year: Any, month: Any) -> Any:
    """Return the number of days in months."""
    late = month // 12
    next_first = days_of_civil(year + late, month + 1 - 12 * late, 1)
    return next_first - days_of_civil(year, month, 1)


def parse_dates(words: Collection[str], name: str) -> Calendar:
    """Parse dates with NumPy, in the same way as the layer in the graph.

    Args:
        words: The dates as text.
        name: The name of their format.

    Example:

    >>> parse_dates(["2024-02-29", "2023-02-29", "?"], "iso").readable.tolist()
    [True, False, False]
    """
    form = DATE_FORMATS[name]
    texts = [*words]
    for pattern, replacement in form.rewrites:
        texts = [re.sub(pattern, replacement, text, flags=re.ASCII) for text in texts]
    matches = [re.fullmatch(form.pattern, text, re.ASCII) for text in texts]

    def group(number: int) -> np.ndarray:
        texts = [match[number] if match else None for match in matches]
        return np.asarray([int(text or 0) for text in texts], "int64")

    def has(pattern: str) -> np.ndarray:
        found = [re.fullmatch(pattern, text, re.ASCII) is not None for text in texts]
        return np.asarray(found, bool)

    fits = np.asarray([match is not None for match in matches], bool)
    numbers = [group(number) for number in form.groups]
    if len(numbers) == 4:
        numbers[3] = hour_of_day(numbers[3], has(MORNING), has(AFTERNOON))
    return make_calendar(form, fits, numbers)


def hour_of_day(hour: Any, morning: Any, afternoon: Any) -> Any:
    """Convert hours with AM or PM to hours from 0.

    Args:
        hour: The written hours, int64.
        morning: Whether `AM` follows each hour.
        afternoon: Whether `PM` follows each hour.
    """
    halved = as_number(morning | afternoon, hour)
    return hour - halved * (hour - hour % 12 - 12 * as_number(afternoon, hour))


def make_calendar(form: DateFormat, fits: Any, numbers: list[Any]) -> Calendar:
    """Make a calendar from the groups' numbers.

    Args:
        form: The format.
        fits: Booleans: whether each text matches the pattern.
        numbers: The int64 numbers of each group. They are arbitrary if a text does not
            match, and 0 for an hour that is not written.
    """
    if form.unit:
        (count,) = numbers
        # Only nonnegative numbers are divided, since other runtimes than TensorFlow
        # round integer division toward 0.
        count = count * as_number(fits, count) + LONGEST_COUNT * form.unit
        days = count // form.unit - LONGEST_COUNT - form.start
        year, month = civil_of_days(days)
        hour = count % form.unit * 24 // form.unit
        readable = fits & (year >= 1) & (year <= 9999)
    else:
        year, month, day, *hours = numbers
        hour = hours[0] if hours else 0 * day
        readable = fits & (year >= 1) & (month >= 1) & (month <= 12) & (hour <= 24)
        # Invalid dates get an arbitrary month.
        some = as_number(readable, year)
        year, month = year * some, 1 + (month - 1) * some
        readable = readable & (day >= 1) & (day <= month_length(year, month))
        days = days_of_civil(year, month, day * some)
    known = as_number(readable, days)
    # 1970-01-01 was a Thursday. Adding whole weeks keeps the number positive.
    weekday = (days * known + 3 + 7 * LONGEST_COUNT) % 7
    return Calendar(
        readable,
        days * known,
        year * known,
        month * known,
        weekday,
        hour * known,
    )


def as_number(truth: Any, like: Any) -> Any:
    """Convert booleans to 1 and 0 of another array's dtype."""
    if isinstance(truth, np.ndarray):
        return truth.astype(like.dtype)
    import tensorflow as tf

    return tf.cast(truth, like.dtype)


def detect_formats(words: Collection[str], counted: bool = False) -> list[str]:
    """Find the formats in which all texts are dates.

    Args:
        words: The distinct texts, without an empty one.
        counted: Whether plain numbers may count days or seconds, according to the
            column's name.

    Returns:
        The formats, the likeliest first. In ambiguous dates, the day comes first if
        they have periods, and the month otherwise.

    Example:

    >>> detect_formats(["1/2/2024", "31/1/2024"]), detect_formats(["1.2.2024"])
    (['day_first'], ['day_first', 'month_first'])
    """
    if not words:
        return []
    names = [*WRITTEN]
    if not all("." in word for word in words):
        names = ["iso", "month_first", "day_first", *WRITTEN[3:]]
    found = [name for name in names if parse_dates(words, name).readable.all()]
    numbers = all(re.fullmatch(r"\d+(\.0+)?", word, re.ASCII) for word in words)
    if found or not numbers:
        return found
    calendar = parse_dates(words, "compact")
    if (
        calendar.readable.all()
        and ((calendar.year >= 1800) & (calendar.year <= 2200)).all()
    ):
        return ["compact"]
    values = np.asarray([float(word) for word in words])
    return [
        name
        for name, (low, high) in COUNTED.items()
        if counted and (low <= values).all() and (values <= high).all()
    ]


def write_date(days: int, name: str) -> str:
    """Write a day in a format.

    Args:
        days: The days since 1970-01-01.
        name: The format.

    Example:

    >>> write_date(0, "iso"), write_date(1, "unix")
    ('1970-01-01', '86400')
    """
    form = DATE_FORMATS[name]
    if form.unit:
        return str((days + form.start) * form.unit)
    date = datetime.date(1970, 1, 1) + datetime.timedelta(days=days)
    # `strftime` would use the names of months in the system's language.
    name_of_month = MONTHS[date.month - 1][:3]
    day, month, year = f"{date.day:02}", f"{date.month:02}", f"{date.year:04}"
    return {
        "iso": f"{year}-{month}-{day}",
        "compact": f"{year}{month}{day}",
        "day_first": f"{day}.{month}.{year}",
        "month_first": f"{month}/{day}/{year}",
        "day_month_name": f"{day} {name_of_month} {year}",
        "month_name_day": f"{name_of_month} {day}, {year}",
    }[name]

"""Formats of dates, and calendar arithmetic.

The arithmetic is written with operators alone, so that NumPy's arrays and
TensorFlow's tensors go through the same lines.
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
# A time's half of the day.
MORNING = r".*:.*\d ?[Aa]\.?[Mm]\.?.*"
AFTERNOON = r".*:.*\d ?[Pp]\.?[Mm]\.?.*"
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)


def _month_names() -> tuple[tuple[int, str], ...]:
    """Return each month's number, and a pattern of its name however it is cut."""
    # Of the ninth month, four letters are common too.
    ends = {
        name: f"{name[3:]}|t" if name[3:] == "tember" else name[3:] for name in MONTHS
    }
    return tuple(
        (number, f"(?i:{name[:3]}(?:{ends[name]})?)")
        for number, name in enumerate(MONTHS, 1)
    )


MONTH_NAMES = _month_names()


def _short_years(before: str) -> tuple[tuple[str, str], ...]:
    """Return rewrites of years of two digits: from 1969 to 2068, as in POSIX."""
    # Before it are the pattern's own groups.
    year = re.compile(before).groups + 2
    return tuple(
        (f"^({before})({pattern})\\b", f"\\1 {century}\\{year}")
        for century, pattern in CENTURIES
    )


CENTURIES = ((19, r"69|[7-9]\d"), (20, r"[0-5]\d|6[0-8]"))
SECONDS_PER_DAY = 86_400
# The first day of 1970 in Excel's count, whose day 60 never was.
EXCEL_EPOCH = 25_569
# More days than any format can count.
LONGEST_COUNT = 100_000_000


@dataclass(frozen=True)
class DateFormat:
    """One way to write dates.

    Attributes:
        before: A regular expression that both Python and RE2 read, of a date up to
            its year if that comes last. A month that was a name is between `@`s,
            which no date has.
        year: The same, of the year; or of the number that counts.
        after: The same, of all behind it.
        groups: The group of year, month, day and hour; or of the number that
            counts, alone.
        month_point: Whether a point behind the name of a month belongs to it.
        short_years: Whether years may have two digits.
        unit: For a count, how many of it a day has; 0 for a written date.
        start: For a count, the number of its day 1970-01-01.
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
        """The regular expression that a whole date fits, once it is rewritten."""
        return self.before + self.year + self.after

    @functools.cached_property
    def rewrites(self) -> tuple[tuple[str, str], ...]:
        """Patterns and what replaces them, before a text is matched."""
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
        # 2024.Jan.31, whose points separate.
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
# What words may be without being asked, and the numbers of columns named so.
WRITTEN = ("iso", "day_first", "month_first", "day_month_name", "month_name_day")
COUNTED = {"excel": (15_000, 80_000), "unix": (1e8, 1e10), "unix_ms": (1e11, 1e13)}


class Calendar(NamedTuple):
    """Parts of dates, arrays of the shape of the dates.

    Attributes:
        readable: Whether the text is a date of the calendar.
        days: The days since 1970-01-01, as all others 0 where not readable.
        year: The year.
        month: The month, from 1.
        weekday: The day of the week, Monday is 0.
        hour: The hour, 0 where no time is written.
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
    # The year begins in March, so that the leap day is its last.
    early = (14 - month) // 12
    year = year - early
    shifted = month + 12 * early - 3
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * shifted + 2) // 5 + day - 1
    day_of_era = of_era * 365 + of_era // 4 - of_era // 100 + of_year
    return era * 146_097 + day_of_era - 719_468


def civil_of_days(days: Any) -> tuple[Any, Any]:
    """Return year and month of days since 1970-01-01; see `days_of_civil`."""
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
    """Return the days of months, from the first of the next one."""
    late = month // 12
    next_first = days_of_civil(year + late, month + 1 - 12 * late, 1)
    return next_first - days_of_civil(year, month, 1)


def parse_dates(words: Collection[str], name: str) -> Calendar:
    """Read dates with NumPy, as the layer reads them in the graph.

    Args:
        words: The dates as text.
        name: Their format.

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
    """Return hours from 0, of hours that may be from 12 to 11 in a half day.

    Args:
        hour: int64 hours as they are written.
        morning: Whether `AM` is written behind one.
        afternoon: Whether `PM` is.
    """
    halved = as_number(morning | afternoon, hour)
    return hour - halved * (hour - hour % 12 - 12 * as_number(afternoon, hour))


def make_calendar(form: DateFormat, fits: Any, numbers: list[Any]) -> Calendar:
    """Make a calendar of the groups' numbers.

    Args:
        form: The format.
        fits: Which texts fit its pattern.
        numbers: For each of its groups int64 numbers; any where a text does
            not fit, and 0 for an hour that is not written.
    """
    if form.unit:
        (count,) = numbers
        # Of numbers that are not negative alone: other runtimes than TensorFlow
        # divide whole numbers toward 0.
        count = count * as_number(fits, count) + LONGEST_COUNT * form.unit
        days = count // form.unit - LONGEST_COUNT - form.start
        year, month = civil_of_days(days)
        hour = count % form.unit * 24 // form.unit
        readable = fits & (year >= 1) & (year <= 9999)
    else:
        year, month, day, *hours = numbers
        hour = hours[0] if hours else 0 * day
        readable = fits & (year >= 1) & (month >= 1) & (month <= 12) & (hour <= 24)
        # Any month will do where there is none.
        some = as_number(readable, year)
        year, month = year * some, 1 + (month - 1) * some
        readable = readable & (day >= 1) & (day <= month_length(year, month))
        days = days_of_civil(year, month, day * some)
    known = as_number(readable, days)
    # 1970-01-01 was a Thursday, as was the day that is whole weeks before all.
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
    """Return 1 and 0 of another array's kind."""
    if isinstance(truth, np.ndarray):
        return truth.astype(like.dtype)
    import tensorflow as tf

    return tf.cast(truth, like.dtype)


def detect_formats(words: Collection[str], counted: bool = False) -> list[str]:
    """Find the formats in which all words are dates.

    Args:
        words: Distinct words, none of them empty.
        counted: Whether plain numbers may count days or seconds, as a column's
            name says.

    Returns:
        The formats, the likeliest first: of dates that can be read either way,
        those with points have the day first, others the month.

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
    # `strftime` would take the names of months from the system's language.
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

"""Columns that may be misread: identifiers, dates, codes for missing."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd

__all__ = [
    "date_look",
    "identifier_look",
    "is_named_code",
    "is_named_identifier",
    "missing_code",
    "repeats_identifier",
]

# With fewer rows, any numbers may be distinct by chance.
LEAST_ROWS = 20
ROWS_SEEN_FIRST = 1000
# The fewest digits of phone and account numbers, of dates such as 20240131, and of Unix
# times.
LONG_DIGITS = 7
IDENTIFIERS = frozenset({"id", "uuid", "guid"})
NUMBERINGS = IDENTIFIERS | {
    *("account", "code", "idx", "index", "key", "no", "nr", "number", "phone"),
    *("ref", "reference", "row", "rownames", "rownum", "serial", "ssn", "tel"),
    *("case", "client", "customer", "invoice", "order", "patient", "record"),
    *("respondent", "sample", "subject", "telephone", "ticket", "user"),
}
# The limits of randomly drawn numbers: their unevenness and their number of digits.
EVENNESS = 1.2
RANDOM_DIGITS = 6
CODES = frozenset(
    {
        *("zip", "zipcode", "zipcodes", "postal", "postcode", "postalcode", "plz"),
        *("phone", "telephone", "tel", "fax", "mobile", "ssn", "iban", "isbn"),
    }
)
DATES = frozenset({"date", "datetime", "timestamp", "dob", "birthdate"})
DATE = re.compile(
    r"\d{4}[-/.](0?[1-9]|1[0-2])[-/.]\d{1,2}(?!\d)"
    r"|\d{1,2}([-/.])\d{1,2}\2\d{4}(?!\d)"
    r"|\d{1,2}/\d{1,2}/\d{2}(?!\d)"
)
# A date with two digits of the year, which may also be the number of a version.
SHORT_DATE = re.compile(r"\d{1,2}([-/.])\d{1,2}\1\d{2}(?!\d)")
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
NAMED_DATE = re.compile(
    r"([a-z]{3,9},? +)?"
    rf"(\d{{1,2}}(st|nd|rd|th)?[-/., ]*{_MONTH}[-/., ]*(\d{{4}}|\d{{2}})"
    rf"|{_MONTH}[-/., ]*\d{{1,2}}(st|nd|rd|th)?[-/., ]+(\d{{4}}|\d{{2}})"
    rf"|\d{{4}}[-/.]{_MONTH}[-/.]\d{{1,2}})(?!\d)",
    re.IGNORECASE,
)
LOW_CODES = (-1.0, -8.0, -9.0, -88.0, -99.0, -888.0, -999.0, -9999.0)
HIGH_CODES = (99.0, 999.0, 9999.0, 99999.0)


def identifier_look(values: pd.Series, name: str) -> str | None:
    """Return the reason why a column of numbers looks like an identifier.

    Args:
        values: The numbers that are not missing.
        name: The column's name.

    Returns:
        The reason in words, if all values are distinct whole numbers and look like an
        identifier; otherwise None.

    Example:

    >>> identifier_look(pd.Series([*range(50, 0, -1)]), "visit")
    'they only go down'
    >>> identifier_look(pd.Series([1.5] * 50), "id") is None
    True
    """
    if len(values) <= LEAST_ROWS or not values.iloc[:ROWS_SEEN_FIRST].is_unique:
        return None
    numbers = values.to_numpy()
    if numbers.dtype.kind == "f" and not (
        np.isfinite(numbers).all() and (numbers == np.floor(numbers)).all()
    ):
        return None
    if not values.is_unique:
        return None
    # As Python's whole numbers, whose differences do not overflow.
    least, most = int(numbers.min()), int(numbers.max())
    if (numbers[1:] > numbers[:-1]).all():
        return "they only go up"
    if (numbers[1:] < numbers[:-1]).all():
        return "they only go down"
    if most - least < 2 * len(numbers):
        return f"they are most of the numbers from {least} to {most}"
    if len(str(abs(least))) == len(str(abs(most))) >= LONG_DIGITS:
        return f"each has {len(str(most))} digits"
    if NUMBERINGS.intersection(_ends(name)):
        return "by its name"
    if len(str(most)) >= RANDOM_DIGITS and _is_even(numbers):
        return "they are spread evenly, as if drawn at random"
    return None


def _is_even(numbers: np.ndarray) -> bool:
    """Return whether numbers are evenly spread between their minimum and maximum.

    The measure is the distance of Kolmogorov and Smirnov. Measurements and counts have
    a peak in the middle, or many small values and few large ones.
    """
    places = np.sort(numbers.astype("float64"))
    places = (places - places[0]) / (places[-1] - places[0])
    expected = np.linspace(0, 1, len(places))
    distance = float(np.abs(places - expected).max())
    return distance * math.sqrt(len(places)) < EVENNESS


def repeats_identifier(values: pd.Series, name: str) -> int | None:
    """Return the number of distinct values of an identifier that repeats.

    Args:
        values: The values that are not missing.
        name: The column's name.

    Returns:
        The number of distinct values; None if the column is not named like an
        identifier, has few values, or has no value twice.

    Example:

    >>> repeats_identifier(pd.Series([*range(30), *range(30)]), "patient_id")
    30
    """
    if not is_named_identifier(name):
        return None
    distinct = int(values.nunique())
    return distinct if LEAST_ROWS < distinct < len(values) else None


def date_look(values: pd.Series | list[str], name: str) -> bool:
    """Return whether a column looks like dates.

    Args:
        values: The numbers that are not missing, or the distinct words.
        name: The column's name.

    Example:

    >>> date_look(["2024-01-31", "2024-02-01"], "visit"), date_look(["a"], "date")
    (True, False)
    >>> date_look(["31-JAN-24"], "visit"), date_look(["Jan 31, 2024"], "visit")
    (True, True)
    >>> date_look(["1.2.10"], "version"), date_look(["1.2.10"], "date")
    (False, True)
    >>> date_look(pd.Series([20240131, 19991224]), "visit")
    True
    """
    if isinstance(values, list):
        patterns = [DATE, NAMED_DATE, *[SHORT_DATE] * bool(DATES & _ends(name))]
        seen = values[:ROWS_SEEN_FIRST]
        return bool(seen) and any(all(map(each.match, seen)) for each in patterns)
    numbers = values.to_numpy()[:ROWS_SEEN_FIRST]
    if not len(numbers) or not np.isfinite(numbers).all():
        return False
    if (numbers != np.floor(numbers)).any():
        return False
    day, month, year = numbers % 100, numbers // 100 % 100, numbers // 10_000
    written = (day >= 1) & (day <= 31) & (month >= 1) & (month <= 12)
    if (written & (year >= 1800) & (year <= 2200)).all():
        return True
    # Days or seconds since a first day.
    return bool(DATES.intersection(_ends(name)) and (numbers >= 10_000).all())


def is_named_identifier(name: str) -> bool:
    """Return whether a name is the name of an identifier, such as `patient_id`."""
    return bool(IDENTIFIERS.intersection(_ends(name)))


def is_named_code(name: str) -> bool:
    """Return whether a name is the name of a code of digits, such as `zip`.

    Example:

    >>> is_named_code("home_zip"), is_named_code("zipper length")
    (True, False)
    """
    return bool(CODES.intersection(_ends(name)))


def _ends(name: str) -> set[str]:
    """Return the first and the last word of a name, in lower case."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)
    return {words[0].lower(), words[-1].lower()} if words else set()


def missing_code(values: pd.Series) -> tuple[float, int] | None:
    """Find a number that may be a code for missing, such as -9 or 999.

    A negative number is suspicious if no other number is below 0. A number of nines is
    suspicious if all others are at most half of it.

    Args:
        values: A column of numbers, or of words that are all numbers.

    Returns:
        The number and its count of rows, at least two; or None.

    Example:

    >>> missing_code(pd.Series([3, 7, -9, 6, -9])), missing_code(pd.Series([-9, -3]))
    ((-9.0, 2), None)
    """
    if not pd.api.types.is_numeric_dtype(values):
        words = values.dropna().unique()
        distinct = pd.to_numeric(pd.Series(words, dtype=object), errors="coerce")
        if distinct.isna().any():
            return None
        values = values.map(dict(zip(words, distinct, strict=True)))
    numbers = values.to_numpy("float64")
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size:
        return None
    least, most = numbers.min(), numbers.max()
    if least in LOW_CODES:
        rows = int((numbers == least).sum())
        others = numbers[numbers > least]
        # The numbers -1, 0 and 1 may be classes or directions.
        if rows > 1 and others.size and others.min() >= 0 and others.max() >= 2:
            return float(least), rows
    if most in HIGH_CODES:
        rows = int((numbers == most).sum())
        others = numbers[numbers < most]
        if rows > 1 and others.size and others.max() <= most / 2:
            return float(most), rows
    return None

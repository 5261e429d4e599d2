"""Numbers as people write them: decimal marks, thousands, units, currencies.

A column of text holds numbers if all its words are numbers. A table has one decimal
mark, comma or point, which all its columns decide together: `1,500` alone is
ambiguous, but beside `2,75` the comma is the decimal mark.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = [
    "COMMA",
    "POINT",
    "WrittenNumbers",
    "choose_mark",
    "has_decimals",
    "parse_written",
    "whole_or_float",
]

COMMA, POINT = ",", "."
MARKS = (COMMA, POINT)
WORDS_SEEN_FIRST = 100
# Thousands separators that are not decimal marks: 1 234, 1'234.
SPACES = " \u00a0\u2009\u202f'\u2019"
SIGN = "[+\\-\u2212]"
CURRENCY = (
    r"(?:(?:US|CA|A|C|HK|NZ|R|S)?\$|[€£¥₹₽₩]|(?:USD|EUR|GBP|CHF|JPY|CNY|INR|RUB|CAD"
    r"|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|KRW|SGD|HKD|TRY)(?![A-Za-z]))"
)
# The text after a number: a percent sign, a currency, or a short unit.
UNIT = r"(?:[%‰°€$£¥₹₽₩]|[^\W\d_])[^\s()\d]{0,9}(?:[23](?![\d\w]))?"
DRESSED = re.compile(
    rf"(?P<open>\()?\s?(?P<sign>{SIGN}?)\s?(?P<before>{CURRENCY}?)\s?(?P<inner>{SIGN}?)"
    rf"(?P<core>[.,]?\d+(?:[.,{SPACES}]\d+)*(?:[eE][+-]?\d+)?)\s?(?P<after>{UNIT})?"
    r"\s?(?(open)\))"
)
# A code such as 007 has no unit.
CODE = re.compile(r"0\d")


def _line_pattern(mark: str) -> str:
    """Return the pattern of a number with a decimal mark."""
    other = re.escape(COMMA if mark == POINT else POINT)
    decimal = re.escape(mark)
    grouped = "|".join(rf"(?:{sign}\d{{3}})+" for sign in (other, *SPACES))
    # In India only the last group has three digits: 12,34,567.
    grouped += rf"|(?:{other}\d\d)+{other}\d{{3}}"
    return (
        rf"{SIGN}?(?:[1-9]\d{{0,2}}(?:{grouped})(?:{decimal}\d*)?"
        rf"|(?:\d+(?:{decimal}\d*)?|{decimal}\d+)(?:[eE][+-]?\d+)?)"
    )


# Possessive: a word that does not match is not tried in other ways.
_ALL_NUMBERS = {
    mark: re.compile(rf"(?>(?:{_line_pattern(mark)})\n)*+") for mark in MARKS
}
_ONE_NUMBER = {mark: re.compile(_line_pattern(mark)) for mark in MARKS}


@dataclass(frozen=True)
class WrittenNumbers:
    """The words of a column that may be numbers.

    Attributes:
        words: The words without the text around the numbers.
        marks: The decimal marks with which all words are numbers.
        unit: The text around the numbers.
        negative: Whether parentheses marked negative numbers.
    """

    words: list[str]
    marks: tuple[str, ...]
    unit: str = ""
    negative: bool = False

    def numbers(self, mark: str) -> pd.Series:
        """Return the numbers, int64 or float64, for one of the marks."""
        drop = (COMMA if mark == POINT else POINT) + SPACES
        text = "\n".join(self.words).translate(str.maketrans("", "", drop))
        text = text.replace(mark, POINT).replace("\u2212", "-")
        words = pd.Series(text.split("\n"), dtype=object)
        return whole_or_float(pd.to_numeric(words))

    def notes(self, mark: str) -> list[str]:
        """Return the changes that made the words numbers, for a warning."""
        text = "".join(self.words)
        other = COMMA if mark == POINT else POINT
        notes = []
        if COMMA in text and mark == COMMA:
            notes.append("read numbers with a decimal comma")
        if other in text:
            name = "commas" if other == COMMA else "points"
            notes.append(f"read {name} in numbers as parting thousands")
        if any(space in text for space in SPACES):
            notes.append("read spaces or apostrophes in numbers as parting thousands")
        if self.unit:
            notes.append(f"read numbers without the {self.unit!r} beside them")
        if self.negative:
            notes.append("read numbers in parentheses as negative")
        return notes

    @property
    def ambiguous(self) -> bool:
        """Whether both decimal marks are possible and give different numbers."""
        text = "".join(self.words)
        return len(self.marks) == len(MARKS) and (COMMA in text or POINT in text)

    @property
    def has_both(self) -> bool:
        """Whether a number has a comma and a point."""
        return any(COMMA in word and POINT in word for word in self.words)


def parse_written(words: Sequence[str], known: bool = False) -> WrittenNumbers | None:
    """Read the distinct words of a column as numbers, if all are numbers.

    Args:
        words: The words, without white space around them.
        known: Whether the column is known to hold numbers. One word with a unit is then
            enough.

    Returns:
        The written numbers; None if a word is not a number, or if units differ.

    Example:

    >>> parse_written(["$ 1,234.50", "$ 7"]).numbers(".").tolist()
    [1234.5, 7.0]
    >>> parse_written(["1,500"]).marks, parse_written(["5 mg", "5 ml"])
    ((',', '.'), None)
    """
    if not words or not all(map(DRESSED.fullmatch, words[:WORDS_SEEN_FIRST])):
        return None
    plain = [*map(_with_ascii_digits, words)]
    marks = _marks_of(plain)
    if marks:
        return WrittenNumbers(plain, marks)
    undressed = _undress(plain, known)
    if undressed is None:
        return None
    plain, unit, negative = undressed
    marks = _marks_of(plain)
    return WrittenNumbers(plain, marks, unit, negative) if marks else None


def whole_or_float(numbers: pd.Series) -> pd.Series:
    """Return numbers as int64 or float64; too large numbers become infinite."""
    if numbers.dtype == "int64":
        return numbers
    try:
        return numbers.astype("float64")
    except OverflowError:
        # Whole numbers of hundreds of digits.
        return numbers.map(lambda number: float(str(number))).astype("float64")


def _with_ascii_digits(word: str) -> str:
    """Write the digits of all scripts as 0 to 9."""
    if word.isascii():
        return word
    return "".join(str(unicodedata.decimal(sign, sign)) for sign in word)


def _marks_of(words: list[str]) -> tuple[str, ...]:
    if not all(
        any(_ONE_NUMBER[mark].fullmatch(word) for mark in MARKS)
        for word in words[:WORDS_SEEN_FIRST]
    ):
        return ()
    text = "\n".join(words) + "\n"
    if text.count("\n") != len(words):
        return ()
    return tuple(mark for mark in MARKS if _ALL_NUMBERS[mark].fullmatch(text))


def _undress(words: list[str], known: bool) -> tuple[list[str], str, bool] | None:
    """Remove a common unit and parentheses around numbers."""
    units: set[tuple[str, str]] = set()
    bare = 0
    negative = False
    plain = []
    for word in words:
        found = DRESSED.fullmatch(word)
        if found is None:
            return None
        unit = found["before"], found["after"] or ""
        bare += unit == ("", "")
        units.add(unit)
        if unit != ("", "") and CODE.match(found["core"]):
            return None
        signs = found["sign"] + found["inner"]
        if len(signs) + bool(found["open"]) > 1:
            return None
        negative = negative or bool(found["open"])
        plain.append(("-" if found["open"] else signs) + found["core"])
    units.discard(("", ""))
    before, after = next(iter(units), ("", ""))
    # A text that most words lack is not a unit. Few words with letters may be names:
    # 2D, 3D.
    least = 3 if after.isalpha() else 2
    doubtful = len(words) < least or bare > len(words) / 2
    if len(units) > 1 or (units and doubtful and not known):
        return None
    return plain, before or after, negative


def choose_mark(
    columns: Iterable[WrittenNumbers],
    floats: Iterable[np.ndarray],
    delimiter: str | None,
) -> str | None:
    """Choose the decimal mark of a table.

    Args:
        columns: The columns of text that may be numbers.
        floats: The columns that were read with a decimal point.
        delimiter: The delimiter of the file, or None. If it is a comma, a quoted `1,5`
            may be a list, and only numbers with both marks show a decimal comma.

    Returns:
        The mark; None if it is unknown, or if the columns contradict each other.
    """
    columns = list(columns)
    commas = [each for each in columns if each.marks == (COMMA,)]
    if delimiter in (COMMA, None):
        return COMMA if any(each.has_both for each in commas) else POINT
    points = any(each.marks == (POINT,) for each in columns)
    if commas:
        # The floats come last, because there may be many.
        contradicted = points or any(map(has_decimals, floats))
        return None if contradicted else COMMA
    if points:
        return POINT
    return None if delimiter == ";" else POINT


def has_decimals(numbers: np.ndarray) -> bool:
    """Return whether a number has a point that is certainly the decimal mark."""
    if numbers.dtype.kind != "f":
        return False
    with np.errstate(invalid="ignore", over="ignore"):
        size = np.abs(numbers)
        fractional = np.isfinite(size) & (size != np.floor(size))
        thousands = size * 1000
        whole = np.abs(thousands - np.round(thousands)) < 1e-6
        return bool((fractional & ((size < 1) | (size >= 1000) | ~whole)).any())

"""The numbers of a written date, by patterns only."""

from __future__ import annotations

import re
from typing import Any

from keras_mtl.features._dates import (
    AFTERNOON,
    CENTURIES,
    MONTH_NAMES,
    MORNING,
    WEEKDAY,
    Calendar,
    DateFormat,
    hour_of_day,
    make_calendar,
)
from keras_mtl.features.text_codes import TextPatterns

__all__ = ["date_codes", "read_codes"]

# Patterns, each with the amount that it adds to a number.
_Addends = list[tuple[str, int]]
_GROUP = re.compile(r"\((-\?)?\\d\{(?:(\d+),)?(\d+)\}\)")
# Added for a text that is not a date: the patterns of a date add up to 1.
_NO_DATE = 2


def date_codes(form: DateFormat) -> TextPatterns:
    """Return the patterns of dates: whether a text is a date, then its groups' numbers.

    After a group for hours come AM and PM; after a group for a count comes its sign,
    whether it is negative.

    Args:
        form: The format of the dates.
    """
    variants = [form.pattern]
    if form.short_years:
        variants.append(form.before + r"(\d{2})\b" + form.after)
    fits: _Addends = [(_whole(form, variant), 1) for variant in variants]
    numbers: list[_Addends] = [[] for _ in form.groups]
    for variant in variants:
        for number, group in zip(numbers, form.groups, strict=True):
            number += _digits(form, variant, group)
    if form.short_years:
        short = variants[1]
        for century, years in CENTURIES:
            pattern = _whole(form, _restrict(short, form.groups[0], f"(?:{years})"))
            numbers[0].append((pattern, 100 * century))
    if form.before.startswith(WEEKDAY):
        fits += [(_named_weekday(form, variant), _NO_DATE) for variant in variants]
    columns = [fits, *numbers]
    if len(form.groups) == 4:
        columns += [[(MORNING, 1)], [(AFTERNOON, 1)]]
    if form.unit:
        columns.append([(r"-[\d.]+", 1)])
    return TextPatterns(tuple(map(tuple, columns)))


def read_codes(form: DateFormat, codes: Any) -> Calendar:
    """Make a calendar from the numbers of `date_codes`.

    Args:
        form: The format of the dates.
        codes: The numbers, int64 of shape (N, width); a NumPy array or a tensor.
    """
    fits, *numbers = [codes[:, place] for place in range(codes.shape[-1])]
    if form.unit:
        count, negative = numbers
        numbers = [count * (1 - 2 * negative)]
    elif len(form.groups) == 4:
        *numbers, morning, afternoon = numbers
        numbers[3] = hour_of_day(numbers[3], morning == 1, afternoon == 1)
    return make_calendar(form, fits == 1, numbers)


def _digits(form: DateFormat, variant: str, group: int) -> _Addends:
    """Return patterns of the bits of a group's digits."""
    is_month = "@" in variant and group == form.groups[1]
    if form.groups[3:] == (group,):
        # A digit of the time of day needs a time of day.
        variant = variant.removesuffix("?")
    match = [*_GROUP.finditer(variant)][group - 1]
    sign, most = match[1] or "", int(match[3])
    least = int(match[2] or most)
    addends = []
    for place in range(most):
        before = f"\\d{{{max(0, least - 1 - place)},{most - 1 - place}}}"
        for bit in range(4):
            digits = "".join(str(digit) for digit in range(10) if digit >> bit & 1)
            own = f"{sign}{before}[{digits}]\\d{{{place}}}"
            restricted = _restrict(variant, group, own)
            if is_month:
                restricted = restricted.replace("@?", "")
            addends.append((_whole(form, restricted), 2**bit * 10**place))
    if not is_month:
        return addends
    named = [(_with_names(form, variant, bit), 2**bit) for bit in range(4)]
    return [*addends, *named] if "@?" in variant else named


def _restrict(variant: str, group: int, own: str) -> str:
    """Replace one group by its own pattern."""
    match = [*_GROUP.finditer(variant)][group - 1]
    return variant[: match.start()] + own + variant[match.end() :]


def _whole(form: DateFormat, variant: str) -> str:
    """Return the pattern of texts in which months may still be names."""
    if "@?" not in variant:
        return _with_names(form, variant)
    # Here a month may also be a number.
    month, number = _month(form), re.escape("@?") + r"(\(.*?\))" + re.escape("@?")
    return re.sub(number, lambda match: f"(?:{month}|{match[1]})", variant)


def _with_names(form: DateFormat, variant: str, bit: int | None = None) -> str:
    """Replace the number to which a month is rewritten by the months' names."""
    return re.sub(r"@\??\(.*?\)@\??", lambda _: _month(form, bit), variant)


def _month(form: DateFormat, bit: int | None = None) -> str:
    """Return the pattern of all months, or of those whose number has a given bit."""
    names = [name for number, name in MONTH_NAMES if bit is None or number >> bit & 1]
    return f"(?:{'|'.join(names)})" + (r"\.?" if form.month_point else "")


def _named_weekday(form: DateFormat, variant: str) -> str:
    """Return the pattern of texts with a month's name in place of a weekday's.

    Months are rewritten anywhere in a text.
    """
    rest = variant.removeprefix(WEEKDAY)
    return f"[A-Za-z]*{_month(form)}[A-Za-z]*,? +" + _whole(form, rest)

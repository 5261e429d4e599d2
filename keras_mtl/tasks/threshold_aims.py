"""The aims of the choice of a threshold."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator

from keras_mtl.errors import UserError, did_you_mean, show_value

__all__ = ["Aim", "ThresholdAim", "aim_of", "parse_aim"]

# A name; or a name, one of `=`, `>=` and `:`, and a value.
FORM = re.compile(r"\s*([a-z][a-z0-9_-]*)\s*(?:(?:>=|=|:)\s*(.*?))?\s*", re.IGNORECASE)
EXPECTED = (
    "Expected balanced-accuracy, accuracy, f1, sensitivity=SHARE, specificity=SHARE, "
    "precision=SHARE, costs=FALSE_POSITIVE:FALSE_NEGATIVE or a number between 0 and 1, "
    "for example sensitivity=0.9 or costs=1:5"
)
# Aims to maximize, and shares to reach.
BEST = ("balanced-accuracy", "accuracy", "f1")
REACHED = ("sensitivity", "specificity", "precision")


@dataclass(frozen=True)
class Aim:
    """The aim by which a threshold is chosen.

    Attributes:
        name: `"balanced-accuracy"`, `"accuracy"`, `"f1"`, `"sensitivity"`,
            `"specificity"`, `"precision"`, `"costs"` or `"fixed"`.
        value: The share to reach, or the threshold itself for `"fixed"`.
        costs: The costs of a false positive and of a false negative.
    """

    name: str
    value: float | None = None
    costs: tuple[float, float] | None = None

    def __str__(self) -> str:
        if self.name == "fixed":
            return f"{self.value:g}"
        if self.costs is not None:
            return f"costs={self.costs[0]:g}:{self.costs[1]:g}"
        return self.name if self.value is None else f"{self.name}={self.value:g}"


def parse_aim(text: str | float) -> Aim:
    """Parse the aim of a threshold.

    Args:
        text: `"balanced-accuracy"`, `"accuracy"`, `"f1"`, `"sensitivity=0.9"`,
            `"specificity=0.9"`, `"precision=0.9"`, `"costs=1:5"` (of a false positive
            and of a false negative), or a threshold. `>=` and `:` can replace `=`.

    Returns:
        The `Aim`.

    Raises:
        UserError: If the text is none of these.

    Example:

    >>> parse_aim("sensitivity>=0.9")
    Aim(name='sensitivity', value=0.9, costs=None)
    >>> str(parse_aim("costs:1:5")), str(parse_aim("0.3"))
    ('costs=1:5', '0.3')
    """
    number = _number(str(text))
    if number is not None:
        if not 0 <= number <= 1:
            raise _error(text)
        return Aim("fixed", number)
    match = FORM.fullmatch(str(text))
    if match is None:
        raise _error(text)
    name, rest = match[1].lower().replace("_", "-"), match[2]
    if name in BEST and rest is None:
        return Aim(name)
    if name in REACHED and rest:
        share = _number(rest)
        if share is not None and 0 < share <= 1:
            return Aim(name, share)
    if name == "costs" and rest:
        costs = [_number(part) for part in rest.split(":")]
        if len(costs) == 2 and all(c is not None and 0 < c < math.inf for c in costs):
            return Aim(name, costs=(costs[0] or 0.0, costs[1] or 0.0))
    known = (*BEST, *REACHED, "costs")
    raise _error(text, "" if name in known else did_you_mean(name, known))


def _written(value: object) -> str | None:
    """Return an aim in the form of `str(aim)`, for a task's declaration."""
    if value is None:
        return None
    try:
        aim = parse_aim(str(value))
    except UserError as error:
        # The messages of fields are written where all fields are checked.
        message = str(error).removeprefix("Invalid aim of a threshold. ")
        raise ValueError(message.replace("Received", "received")) from None
    if aim.name == "fixed":
        raise ValueError(
            f"expected an aim, as a threshold that is known is the setting "
            f"`threshold`; received {value!r}"
        )
    return str(aim)


# A field of a task.
ThresholdAim = Annotated[str, BeforeValidator(_written)]


def aim_of(task: object) -> str | None:
    """Return the aim of a task's threshold, or None."""
    return getattr(task, "threshold_aim", None)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _error(text: object, hint: str = "") -> UserError:
    return UserError(
        f"Invalid aim of a threshold. {EXPECTED}. Received: {show_value(text)}.{hint}"
    )

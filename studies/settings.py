"""What the study of activations can be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError

from keras_mtl._core.declarations import Declaration, declaration
from keras_mtl.errors import UserError
from studies.activation_names import COMPARED, unknown_activations

__all__ = ["StudySettings", "study_settings"]


@declaration
class StudySettings(Declaration):
    """What is compared, and how it is trained.

    Learning rate and batch size were chosen on other curves than the embedded
    one, and the epochs so that the study takes about a minute.

    Args:
        activations: The activations by name; `none` is a net without.
        negative_slope: The leaky ReLU's slope below zero.
        data: A CSV file with the columns x and y; None is the embedded curve.
        seed: The first network's seed, and that of a split.
        seeds: The networks of each activation, which differ in their initial
            weights and their batches.
        epochs: How often the training rows are gone through.
        batch_size: The rows of one update.
        learning_rate: Adam's, at the start; it falls to 0 as a cosine.
        heart: Whether the two-headed net on the heart data is compared.
    """

    activations: tuple[str, ...] = COMPARED
    negative_slope: Annotated[float, Field(allow_inf_nan=False)] = 0.01
    data: str | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    seeds: Annotated[int, Field(ge=1, le=256)] = 5
    epochs: Annotated[int, Field(ge=1)] = 60
    batch_size: Annotated[int, Field(ge=2)] = 64
    learning_rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.01
    heart: bool = False


def study_settings(values: Mapping[str, Any]) -> StudySettings:
    """Checks plain values, such as those of flags.

    Args:
        values: The fields of `StudySettings` by name; texts will do.

    Raises:
        UserError: With all mistakes at once.

    Example:

    >>> study_settings({"seeds": "3", "activations": ["relu", "none"]}).seeds
    3
    """
    names = list(dict.fromkeys(values.get("activations", COMPARED)))
    mistakes = unknown_activations(names)
    if not names:
        mistakes.append("--activations: expected at least one name; received none.")
    try:
        settings = StudySettings(**{**values, "activations": tuple(names)})
    except ValidationError as error:
        for item in error.errors(include_url=False):
            flag = str(item["loc"][0]).replace("_", "-")
            expected = item["msg"].replace("Input should be", "expected")
            expected = expected[0].lower() + expected[1:]
            mistakes.append(f"--{flag}: {expected}; received {item['input']!r}.")
    if mistakes:
        raise UserError(*mistakes)
    return settings

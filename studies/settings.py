"""Settings of the study of activations.

The names of activations are listed here, so a misspelled name is reported before Keras
is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, ValidationError

from keras_mtl._core.declarations import Declaration, declaration
from keras_mtl.errors import UserError, did_you_mean

__all__ = ["COMPARED", "KNOWN", "StudySettings", "study_settings"]

# The default activations of the command.
COMPARED = (
    "leaky_relu",
    "relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "mish",
    "softplus",
    "tanh",
    "sigmoid",
    "none",
)
# Keras's elementwise activations without required arguments, and `none`.
KNOWN = (
    *COMPARED,
    "celu",
    "exponential",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "log_sigmoid",
    "relu6",
    "soft_shrink",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "squareplus",
    "tanh_shrink",
)


@declaration
class StudySettings(Declaration):
    """Settings of the study: the activations, and their training.

    Learning rate and batch size were chosen on other curves than the embedded one. With
    the number of epochs, the study takes about a minute.

    Args:
        activations: The names of the activations; `none` is a network without one.
        negative_slope: The slope of the leaky ReLU below zero.
        data: A CSV file with the columns x and y; None is the embedded curve.
        seed: The seed of the first network and of a split.
        seeds: The number of networks per activation, which differ in their initial
            weights and their batches.
        epochs: The number of epochs.
        batch_size: The number of rows per update.
        learning_rate: The initial learning rate of Adam, which decreases to 0 as a
            cosine.
        heart: Whether the network with two heads on the heart data is compared.
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
    """Check plain values, such as those of flags.

    Args:
        values: The fields of `StudySettings` by name; values may be text.

    Raises:
        UserError: With all errors at once.

    Example:

    >>> study_settings({"seeds": "3", "activations": ["relu", "none"]}).seeds
    3
    """
    names = list(dict.fromkeys(values.get("activations", COMPARED)))
    errors = _unknown_activations(names)
    if not names:
        errors.append("--activations: expected at least one name; received none.")
    try:
        settings = StudySettings(**{**values, "activations": tuple(names)})
    except ValidationError as error:
        for item in error.errors(include_url=False):
            flag = str(item["loc"][0]).replace("_", "-")
            expected = item["msg"].replace("Input should be", "expected")
            expected = expected[0].lower() + expected[1:]
            errors.append(f"--{flag}: {expected}; received {item['input']!r}.")
    if errors:
        raise UserError(*errors)
    return settings


def _unknown_activations(names: Sequence[str]) -> list[str]:
    """Return one message per unknown name.

    Example:

    >>> for message in _unknown_activations(["gelu", "leaky-relu"]):
    ...     print(message.split(" The names")[0])
    --activations: expected activations of Keras, or none; received 'leaky-relu'. Did you mean 'leaky_relu'?
    """  # noqa: E501
    return [
        "--activations: expected activations of Keras, or none; received "
        f"{name!r}.{did_you_mean(name, KNOWN)} The names are {', '.join(KNOWN)}."
        for name in names
        if name not in KNOWN
    ]

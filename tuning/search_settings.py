"""How a search goes, and where it looks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator

from keras_mtl._core.declarations import Declaration, declaration
from keras_mtl._core.messages import validation_messages
from keras_mtl.errors import UserError

__all__ = ["SearchSettings", "build_search_settings"]

Width = Annotated[int, Field(gt=0, le=65_536)]
Widths = Annotated[tuple[Width, ...], Field(min_length=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Range = tuple[Positive, Positive]


@declaration
class SearchSettings(Declaration):
    """How a search goes, and where it looks: `[search]` in TOML.

    Args:
        trials: How many settings are tried.
        objective: The measure of the validation rows by which trials are
            compared, such as `val_heart_auc`; see `tuning.objective`.
        trunk_widths: What a shared layer's width is chosen from.
        head_widths: What the width of a head's hidden layer is chosen from.
        learning_rate: The least and the greatest; drawn from their logarithms.
        loss_weight: The least and the greatest factor of a task's declared
            loss weight; drawn from their logarithms.

    Example:

    >>> SearchSettings(trials=20, objective="val_heart_auc").learning_rate
    (0.0003, 0.01)
    """

    trials: Annotated[int, Field(ge=1, le=100_000)] = 10
    objective: str = "val_loss"
    trunk_widths: Widths = (16, 32, 64, 128)
    head_widths: Widths = (8, 16, 32, 64)
    learning_rate: Range = (3e-4, 1e-2)
    loss_weight: Range = (0.2, 5.0)

    @field_validator("learning_rate", "loss_weight")
    @classmethod
    def _check_range(cls, value: Range) -> Range:
        if value[0] > value[1]:
            raise ValueError(
                f"expected the least and then the greatest; received {list(value)}"
            )
        return value


def build_search_settings(values: Mapping[str, Any]) -> SearchSettings:
    """Makes the settings from plain values, as TOML or flags give them.

    Raises:
        UserError: With all mistakes at once.

    Example:

    >>> build_search_settings({"trials": "3"}).trials
    3
    """
    try:
        return SearchSettings(**values)
    except ValidationError as error:
        raise UserError(
            *validation_messages(error, SearchSettings, "search.")
        ) from None

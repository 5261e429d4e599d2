"""How a search goes, and where it looks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator

from keras_mtl._core.declarations import Declaration, declaration
from keras_mtl._core.messages import validation_messages
from keras_mtl.architectures.registry import check_architecture
from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.errors import UserError
from keras_mtl.weighting.registry import check_weighting

__all__ = ["SearchSettings", "build_search_settings", "check_searched_settings"]

Width = Annotated[int, Field(gt=0, le=65_536)]
Widths = Annotated[tuple[Width, ...], Field(min_length=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Range = tuple[Positive, Positive]
Choices = Annotated[tuple[bool | int | float | str, ...], Field(min_length=1)]


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
        weighting: By setting of the weighting, what its value is chosen from.
        architecture: By own setting of the architecture, likewise.

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
    weighting: dict[str, Choices] = Field(default_factory=dict)
    architecture: dict[str, Choices] = Field(default_factory=dict)

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
        UserError: With all errors at once.

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


def check_searched_settings(space: SearchSettings, config: FitConfig) -> list[str]:
    """Finds what a search could not give the weighting or the architecture.

    Args:
        space: Where to look.
        config: The settings before the search.

    Returns:
        A message for each wrong choice.

    Example:

    >>> from keras_mtl.configuration import build_config
    >>> config = build_config({"training": {"weighting": "cagrad"}})
    >>> check_searched_settings(SearchSettings(weighting={"c": (0.2, -1)}), config)
    ['search.weighting.c: expected greater than or equal to 0; received -1.']
    """
    errors = []
    for table, choices, chosen, check in (
        ("weighting", space.weighting, config.training.weighting, check_weighting),
        (
            "architecture",
            space.architecture,
            config.model.architecture,
            check_architecture,
        ),
    ):
        for setting, values in choices.items():
            for value in values:
                settings = {**chosen.settings, setting: value}
                try:
                    check({"name": chosen.name, **settings})
                except UserError as error:
                    errors += [f"search.{table}.{text}" for text in error.messages]
                except ValueError as error:
                    errors.append(f"search.{table}.{setting}: {error}.")
    return list(dict.fromkeys(errors))

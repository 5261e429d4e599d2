"""Settings of a search: its method, choices and ranges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, field_validator

from keras_mtl._core.declarations import ActivationName, Declaration, declaration
from keras_mtl._core.messages import validation_messages
from keras_mtl._core.named_settings import NamedSettings
from keras_mtl.architectures.registry import check_architecture
from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.errors import UserError, did_you_mean, show_value
from keras_mtl.features.numeric import NumberEncoding
from keras_mtl.weighting.registry import check_weighting

__all__ = [
    "Choices",
    "NamedChoices",
    "SearchSettings",
    "build_search_settings",
    "check_searched_settings",
    "named_choices",
]

Width = Annotated[int, Field(gt=0, le=65_536)]
Widths = Annotated[tuple[Width, ...], Field(min_length=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Range = tuple[Positive, Positive]
Share = Annotated[float, Field(ge=0, lt=1)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Choices = Annotated[tuple[bool | int | float | str, ...], Field(min_length=1)]


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _as_table(value: Any) -> Any:
    """Convert a list of names to a table with only `name`."""
    if isinstance(value, str):
        value = (value,)
    if not isinstance(value, list | tuple):
        return value
    if not all(isinstance(name, str) for name in value):
        raise ValueError(
            'expected names, such as ["sum", "cagrad"], or a table of `name` and '
            "choices by setting, such as `cagrad.c = [0.2, 0.6]`; received "
            f"{show_value(value)}"
        )
    return {"name": value}


Named = Annotated[dict[str, Choices | dict[str, Choices]], BeforeValidator(_as_table)]


@declaration
class SearchSettings(Declaration):
    """Settings of a search: the table `[search]` in TOML.

    A setting whose choices are empty is not searched. A range is the smallest and
    the largest value.

    Args:
        trials: The number of settings to try.
        tuner: The oracle of keras-tuner that chooses settings. `"hyperband"` trains
            many settings for few epochs and the better ones again for more epochs;
            `training.epochs` is the number of epochs of the last round.
        objective: The metrics of held-out rows by which trials are compared, such as
            `val_heart_auc`; see `tuning.objective`. Several metrics give a Pareto
            front.
        folds: The number of folds of the training rows. Each trial is trained once per
            fold, without the rows of the fold, and measured on them.
        repeats: The number of times that the rows are divided into folds.
        nested: The number of outer folds in which the search is repeated on the other
            rows, to measure the chosen settings on rows that the search did not use; 0
            for none.
        at_once: The number of trials that are requested from the oracle before their
            results are reported; they are trained together. By default all trials of a
            random search, and 8 with `"bayesian"`, whose choices depend on results.
        fit: Whether the search ends with a fit of the best settings.
        tensorboard: Whether each trial is also written as a run for TensorBoard's
            HParams plugin, in the folder `tensorboard` of the search.
        per_claim: The number of trials that a process claims at a time when several
            processes share the search. By default a quarter of the trials, at most 8.
        heartbeat: The seconds without a response after which a process on another host
            counts as dead, and its trials are tried again.
        trunk_depth: Choices of the number of shared layers.
        trunk_widths: Choices of the width of a shared layer.
        head_widths: Choices of the width of a head's hidden layer.
        activation: Choices of the activation of all hidden layers.
        dropout: The range of the dropout rate of the trunk.
        weight_decay: The range of the weight decay, on a logarithmic scale if its start
            is above 0.
        learning_rate: The range of the learning rate, on a logarithmic scale.
        batch_size: Choices of the batch size.
        encoding: Choices of the encoding of categories. `InputSettings` describes this
            and the next four settings. A feature that declares its own value keeps it.
        numeric_encoding: Choices of the encoding of numbers.
        numeric_embedding: Choices of the embedding of numbers.
        missing_flags: Choices of whether a separate column marks missing values.
        maximum_levels: Choices of the largest number of distinct whole values of a
            number that have one column each.
        loss_weight: The range of a factor of each task's declared loss weight, on a
            logarithmic scale.
        weighting: The key `name` has choices of the weighting. A key that is the name
            of a weighting has a table with choices of each of its settings. Other keys
            are choices of the settings of the weighting in `[training]`. A list is
            short for a table with only `name`.
        architecture: The same for the architecture and its settings. An architecture in
            closed form, such as `"group-sparse"`, has no network and ignores the
            settings above.

    Example:

    >>> SearchSettings(trials=20, objective="val_heart_auc").objective
    ('val_heart_auc',)
    """

    trials: Annotated[int, Field(ge=1, le=100_000)] = 10
    tuner: Literal["random", "bayesian", "hyperband", "grid"] = "random"
    objective: Annotated[
        tuple[str, ...], BeforeValidator(_as_tuple), Field(min_length=1)
    ] = ("val_loss",)
    folds: Annotated[int, Field(ge=2)] = 3
    repeats: Annotated[int, Field(ge=1)] = 1
    nested: Annotated[int, Field(ge=0)] = 0
    at_once: Annotated[int, Field(ge=1, le=1024)] | None = None
    fit: bool = True
    tensorboard: bool = False
    per_claim: Annotated[int, Field(ge=1, le=1024)] | None = None
    heartbeat: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 60.0
    trunk_depth: tuple[Annotated[int, Field(ge=1, le=64)], ...] = ()
    trunk_widths: Widths = (16, 32, 64, 128)
    head_widths: Widths = (8, 16, 32, 64)
    activation: tuple[ActivationName, ...] = ()
    dropout: tuple[Share, Share] | None = None
    weight_decay: tuple[NotNegative, NotNegative] | None = None
    learning_rate: Range = (3e-4, 1e-2)
    batch_size: tuple[Annotated[int, Field(ge=1)], ...] = ()
    loss_weight: Range = (0.2, 5.0)
    encoding: tuple[Literal["one_hot", "ordinal"], ...] = ()
    numeric_encoding: tuple[NumberEncoding, ...] = ()
    numeric_embedding: tuple[Literal["none", "ple", "pbld"], ...] = ()
    missing_flags: tuple[bool, ...] = ()
    maximum_levels: tuple[Annotated[int, Field(ge=0)], ...] = ()
    weighting: Named = Field(default_factory=dict)
    architecture: Named = Field(default_factory=dict)

    @field_validator("learning_rate", "loss_weight", "dropout", "weight_decay")
    @classmethod
    def _check_range(cls, value: Any) -> Any:
        if value is not None and value[0] > value[1]:
            raise ValueError(
                f"expected the least and then the greatest; received {list(value)}"
            )
        return value

    @field_validator("nested")
    @classmethod
    def _check_nested(cls, value: int) -> int:
        if value == 1:
            raise ValueError("expected 0, or at least 2 outer folds; received 1")
        return value

    @property
    def trials_at_once(self) -> int:
        """The number of trials that are requested before their results are reported."""
        if self.at_once is not None:
            return self.at_once
        return min(self.trials, 8 if self.tuner == "bayesian" else 256)

    @property
    def trials_per_claim(self) -> int:
        """The number of trials that a process claims at once in a shared search."""
        if self.per_claim is not None:
            return self.per_claim
        # A share of a round, so that other processes have trials to train too.
        return max(1, min(8, min(self.trials, self.trials_at_once) // 4))


@declaration
class NamedChoices(Declaration):
    """Choices of a name in a registry, and of the settings of each name.

    Args:
        names: The choices of the name. A single name is not searched.
        settings: The choices of each setting, by name.
    """

    names: tuple[str, ...]
    settings: dict[str, dict[str, Choices]]


def named_choices(table: Mapping[str, Any], chosen: NamedSettings) -> NamedChoices:
    """Parse `[search.weighting]` or `[search.architecture]`.

    Args:
        table: See `SearchSettings`.
        chosen: The name of the settings before the search.

    Example:

    >>> table = {"name": ("sum", "cagrad"), "cagrad": {"c": (0.2, 0.4)}}
    >>> named_choices(table, NamedSettings("sum"))
    NamedChoices(names=('sum', 'cagrad'), settings={'cagrad': {'c': (0.2, 0.4)}})
    """
    names = table.get("name", (chosen.name,))
    settings: dict[str, dict[str, Any]] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            settings.setdefault(key, {}).update(value)
        elif key != "name":
            settings.setdefault(chosen.name, {})[key] = value
    return NamedChoices(tuple(names), settings)


def build_search_settings(values: Mapping[str, Any]) -> SearchSettings:
    """Build the settings from plain values of TOML or flags.

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
    """Find choices that the weighting or the architecture cannot have.

    Args:
        space: The search space.
        config: The settings before the search.

    Returns:
        One message per invalid choice.

    Example:

    >>> from keras_mtl.configuration import build_config
    >>> config = build_config({"training": {"weighting": "cagrad"}})
    >>> check_searched_settings(SearchSettings(weighting={"c": (0.2, -1)}), config)
    ['search.weighting.c: expected greater than or equal to 0; received -1.']
    """
    errors: list[str] = []
    for table, values, chosen, check in (
        ("weighting", space.weighting, config.training.weighting, check_weighting),
        (
            "architecture",
            space.architecture,
            config.model.architecture,
            check_architecture,
        ),
    ):
        choices = named_choices(values, chosen)
        errors += _check_names(f"search.{table}", choices, check)
        for where, name, setting, value in _each_setting(table, values, choices):
            own = chosen.settings if name == chosen.name else {}
            try:
                check({"name": name, **own, setting: value})
            except UserError as error:
                errors += [
                    f"{where.removesuffix(setting)}{text}" for text in error.messages
                ]
            except ValueError as error:
                errors.append(f"{where}: {error}.")
    return list(dict.fromkeys(errors))


def _check_names(where: str, choices: NamedChoices, check: Any) -> Iterator[str]:
    for name in choices.names:
        try:
            check({"name": name})
        except UserError as error:
            yield from (f"{where}.name: {name}: {text}" for text in error.messages)
        except ValueError as error:
            yield f"{where}.name: {error}."
    for name in choices.settings:
        if name not in choices.names:
            yield (
                f"{where}.{name}: expected settings of one of those that are tried, "
                f"{', '.join(choices.names)}; received {name!r}."
                f"{did_you_mean(name, choices.names)}"
            )


def _each_setting(
    table: str, values: Mapping[str, Any], choices: NamedChoices
) -> Iterator[tuple[str, str, str, Any]]:
    """Yield each choice with its place in TOML, its name and its setting."""
    for name, settings in choices.settings.items():
        if name not in choices.names:
            continue
        for setting, listed in settings.items():
            nested = setting not in values
            where = f"search.{table}.{name}." if nested else f"search.{table}."
            for value in listed:
                yield f"{where}{setting}", name, setting, value

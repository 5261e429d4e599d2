"""What a search varies, and the settings that a choice of it makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from keras_mtl._core.named_settings import NamedSettings
from keras_mtl.configuration.fit_config import FitConfig
from tuning.search_settings import SearchSettings

if TYPE_CHECKING:
    import keras_tuner

__all__ = ["choose_settings"]


def choose_settings(
    hp: keras_tuner.HyperParameters, config: FitConfig, space: SearchSettings
) -> FitConfig:
    """Draws the searched settings and lays them on the others.

    This is the search space: it is declared by being drawn from, as
    keras-tuner has it, and it is the one place that knows which choice becomes
    which setting. It is cheap and pure, as a tuner calls it many times before
    the first trial.

    Searched are the width of each layer of the trunk and of the heads, the
    learning rate, and the loss weights of all tasks but the first: an
    optimizer like Adam sees the ratios of the weights alone. How many layers
    there are is left to the settings; a weight of 0 stays 0. Settings of the
    weighting and the architecture are searched where `[search.weighting]` and
    `[search.architecture]` say what they are chosen from.

    Args:
        hp: The tuner's choices.
        config: The settings of the run.
        space: Where to look.

    Returns:
        Settings that `python -m keras_mtl.fit` could be given.

    Example:

    >>> import keras_tuner
    >>> from keras_mtl.configuration import build_config
    >>> hp = keras_tuner.HyperParameters()
    >>> hp.values = {"trunk_1": 128, "loss_weight.heart": 2.0}
    >>> config = choose_settings(hp, build_config(), SearchSettings())
    >>> config.model.trunk, [task.loss_weight for task in config.tasks]
    ((128, 16), [1.0, 2.0])
    """
    trunk = _choose_widths(hp, "trunk", config.model.trunk, space.trunk_widths)
    tasks = []
    for index, task in enumerate(config.tasks):
        weight = task.loss_weight
        if index > 0 and weight > 0:
            name = f"loss_weight.{task.name}"
            weight *= _choose_number(hp, name, space.loss_weight)
        name = f"head.{task.name}"
        widths = _choose_widths(hp, name, task.widths, space.head_widths)
        tasks.append(task.replace(widths=widths, loss_weight=_short(weight)))
    rate = _short(_choose_number(hp, "learning_rate", space.learning_rate))
    training, model = config.training, config.model
    weighting = _choose_named(hp, "weighting", training.weighting, space.weighting)
    architecture = _choose_named(
        hp, "architecture", model.architecture, space.architecture
    )
    return config.replace(
        model=model.replace(trunk=trunk, architecture=architecture),
        training=training.replace(learning_rate=rate, weighting=weighting),
        tasks=tuple(tasks),
    )


def _choose_widths(
    hp: keras_tuner.HyperParameters,
    name: str,
    now: tuple[int, ...],
    choices: tuple[int, ...],
) -> tuple[int, ...]:
    return tuple(
        int(hp.Choice(f"{name}_{layer}", list(choices)))
        for layer in range(1, len(now) + 1)
    )


def _choose_named(
    hp: keras_tuner.HyperParameters,
    name: str,
    now: NamedSettings,
    choices: Mapping[str, Sequence[bool | int | float | str]],
) -> NamedSettings:
    """Draws the searched settings of a weighting or an architecture."""
    drawn = {
        setting: hp.Choice(f"{name}.{setting}", _of_one_type(values))
        for setting, values in choices.items()
    }
    return NamedSettings(now.name, {**now.settings, **drawn})


def _of_one_type(values: Sequence[bool | int | float | str]) -> list[Any]:
    # keras-tuner refuses 0 beside 0.5.
    if any(isinstance(value, float) for value in values):
        return [float(value) for value in values]
    return list(values)


def _choose_number(
    hp: keras_tuner.HyperParameters, name: str, between: tuple[float, float]
) -> float:
    return hp.Float(name, *between, sampling="log")


def _short(value: float) -> float:
    # Three digits are all that a search can tell apart, and a person wants.
    return float(f"{value:.3g}")

"""The settings that a search varies, and the settings of a trial."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from keras_mtl._core.named_settings import NamedSettings
from keras_mtl.architectures.solved import is_solved
from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.configuration.without_embeddings import without_embeddings
from tuning.encodings import ENCODINGS, encode_otherwise
from tuning.search_settings import SearchSettings, named_choices
from tuning.solved_choices import searched_architectures

if TYPE_CHECKING:
    import keras_tuner

__all__ = ["choose_settings"]


def choose_settings(
    hp: keras_tuner.HyperParameters, config: FitConfig, space: SearchSettings
) -> FitConfig:
    """Draw the searched settings, and merge them with the others.

    This function is the search space: in keras-tuner, drawing a choice declares it. No
    other code maps choices to settings. The function is cheap and pure, since a tuner
    calls it many times before the first trial. One call declares the whole space. A
    choice that depends on another one, such as a setting of a weighting, is in a
    conditional scope of keras-tuner.

    By default, a search varies the width of each layer of the trunk and of the heads,
    the learning rate, and the loss weights of all tasks but the first, since an
    optimizer like Adam depends only on the ratios of the weights. A weight of 0 stays
    0. Other settings are searched if `SearchSettings` has choices for them. A solved
    architecture has no network. For it, only its own settings and the encodings are
    searched, and embeddings are switched off.

    Args:
        hp: The tuner's choices.
        config: The settings of the run.
        space: The search space.

    Returns:
        Settings for `python -m keras_mtl.fit`.

    Example:

    >>> import keras_tuner
    >>> from keras_mtl.configuration import build_config
    >>> hp = keras_tuner.HyperParameters()
    >>> hp.values = {"trunk_1": 128, "loss_weight.heart": 2.0}
    >>> config = choose_settings(hp, build_config(), SearchSettings())
    >>> config.model.trunk, [task.loss_weight for task in config.tasks]
    ((128, 16), [1.0, 2.0])
    """
    names = searched_architectures(space, config).names
    trained = [name for name in names if not is_solved(name)]
    # Chosen first, since the settings of networks depend on the name.
    chosen = _choose_named(
        hp, "architecture", config.model.architecture, space.architecture
    )
    own = config.replace(model=config.model.replace(architecture=chosen))
    drawn = own = _choose_encodings(hp, own, space, ENCODINGS)
    if trained:
        only_then = len(trained) < len(names)
        with _scope(hp, "architecture.name", trained if only_then else None):
            drawn = _choose_network(hp, own, space)
    return without_embeddings(own) if is_solved(chosen.name) else drawn


def _choose_network(
    hp: keras_tuner.HyperParameters, config: FitConfig, space: SearchSettings
) -> FitConfig:
    """Draw the settings of a network and of its training."""
    config = _choose_encodings(hp, config, space, ("numeric_embedding",))
    model, training = config.model, config.training
    changes: dict[str, Any] = {"trunk": _choose_trunk(hp, config, space)}
    tasks = []
    for index, task in enumerate(config.tasks):
        weight = task.loss_weight
        if index > 0 and weight > 0:
            name = f"loss_weight.{task.name}"
            weight *= _choose_number(hp, name, space.loss_weight)
        widths = tuple(
            int(_choose(hp, f"head.{task.name}_{layer}", space.head_widths))
            for layer in range(1, len(task.widths) + 1)
        )
        tasks.append(task.replace(widths=widths, loss_weight=_short(weight)))
    rate = _short(_choose_number(hp, "learning_rate", space.learning_rate))
    trained: dict[str, Any] = {"learning_rate": rate}
    if space.activation:
        changes["activation"] = _choose(hp, "activation", space.activation)
    if space.dropout is not None:
        changes["dropout"] = _short(_choose_number(hp, "dropout", space.dropout, False))
    if space.weight_decay is not None:
        logarithmic = space.weight_decay[0] > 0
        decay = _choose_number(hp, "weight_decay", space.weight_decay, logarithmic)
        trained["weight_decay"] = _short(decay)
    if space.batch_size:
        trained["batch_size"] = int(_choose(hp, "batch_size", space.batch_size))
    trained["weighting"] = _choose_named(
        hp, "weighting", training.weighting, space.weighting
    )
    return config.replace(
        model=model.replace(**changes),
        training=training.replace(**trained),
        tasks=tuple(tasks),
    )


def _choose_encodings(
    hp: keras_tuner.HyperParameters,
    config: FitConfig,
    space: SearchSettings,
    names: Sequence[str],
) -> FitConfig:
    """Draw settings of `[inputs]`, and apply them to the features."""
    drawn = {
        name: _choose(hp, name, getattr(space, name))
        for name in names
        if getattr(space, name)
    }
    inputs = config.inputs.replace(**drawn)
    features = encode_otherwise(config.features, config.inputs, inputs)
    return config.replace(inputs=inputs, features=features)


def _choose_trunk(
    hp: keras_tuner.HyperParameters, config: FitConfig, space: SearchSettings
) -> tuple[int, ...]:
    depths: Sequence[int] = space.trunk_depth
    depth = most = len(config.model.trunk)
    if depths:
        depth, most = int(_choose(hp, "trunk_depth", depths)), max(depths)
    widths = []
    for layer in range(1, most + 1):
        deep = [each for each in depths if each >= layer]
        # A layer that all depths have does not depend on the depth.
        only_then = len(deep) < len(depths)
        with _scope(hp, "trunk_depth", deep if only_then else None):
            width = _choose(hp, f"trunk_{layer}", space.trunk_widths)
        if layer <= depth:
            widths.append(int(width))
    return tuple(widths)


def _choose_named(
    hp: keras_tuner.HyperParameters,
    name: str,
    now: NamedSettings,
    table: Mapping[str, Any],
) -> NamedSettings:
    """Draw a weighting or an architecture, with its searched settings."""
    choices = named_choices(table, now)
    searched = "name" in table
    chosen = _choose(hp, f"{name}.name", choices.names) if searched else now.name
    drawn: dict[str, Any] = {}
    for method, settings in choices.settings.items():
        with _scope(hp, f"{name}.name", [method] if searched else None):
            for setting, values in settings.items():
                place = f"{name}.{method}.{setting}"
                value = _choose(
                    hp,
                    f"{name}.{setting}" if setting in table else place,
                    _of_one_type(values),
                )
                if method == chosen:
                    drawn[setting] = value
    own = now.settings if chosen == now.name else {}
    return NamedSettings(chosen, {**own, **drawn})


def _scope(
    hp: keras_tuner.HyperParameters, name: str, values: Sequence[Any] | None
) -> contextlib.AbstractContextManager[Any]:
    if values is None:
        return contextlib.nullcontext()
    scope: contextlib.AbstractContextManager[Any]
    scope = hp.conditional_scope(name, list(values))
    return scope


def _choose(hp: keras_tuner.HyperParameters, name: str, options: Sequence[Any]) -> Any:
    value = hp.Choice(name, list(options))
    # A choice in an inactive scope has no value.
    return options[0] if value is None else value


def _of_one_type(values: Sequence[bool | int | float | str]) -> list[Any]:
    # keras-tuner does not accept a mix of integers and floats.
    if any(isinstance(value, float) for value in values):
        return [float(value) for value in values]
    return list(values)


def _choose_number(
    hp: keras_tuner.HyperParameters,
    name: str,
    between: tuple[float, float],
    logarithmic: bool = True,
) -> float:
    low, high = between
    if low == high:
        return low
    value = hp.Float(name, low, high, sampling="log" if logarithmic else "linear")
    return low if value is None else value


def _short(value: float) -> float:
    # A search cannot distinguish more than three digits.
    return float(f"{value:.3g}")

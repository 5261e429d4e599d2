"""Choices of a search: architectures without a network."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from keras_mtl._core.named_settings import NamedSettings
from keras_mtl.architectures.registry import check_architecture
from keras_mtl.architectures.solved import is_solved, solved_settings
from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.configuration.validate import build_config, config_values
from keras_mtl.configuration.without_embeddings import without_embeddings
from keras_mtl.errors import UserError
from keras_mtl.tasks.task import Task
from tuning.encodings import ENCODINGS
from tuning.search_settings import NamedChoices, SearchSettings, named_choices

__all__ = [
    "check_resolved_choices",
    "check_solved_choices",
    "searched_architectures",
]

# The settings of a search that apply only to networks and their training.
OF_NETWORKS = (
    "trunk_depth",
    "trunk_widths",
    "head_widths",
    "activation",
    "dropout",
    "weight_decay",
    "learning_rate",
    "batch_size",
    "loss_weight",
    "numeric_embedding",
    "weighting",
)


def searched_architectures(space: SearchSettings, config: FitConfig) -> NamedChoices:
    """Return the architectures that a search tries, and their own settings.

    Args:
        space: The search space.
        config: The settings before the search.
    """
    return named_choices(space.architecture, config.model.architecture)


def check_solved_choices(space: SearchSettings, config: FitConfig) -> list[str]:
    """Find errors in the choices of solved architectures.

    Each choice is checked as in a fit, with the tasks and the other settings.

    Args:
        space: The search space.
        config: The settings before the search.

    Returns:
        One message per error.

    Example:

    >>> config = build_config({"model": {"architecture": "group-sparse"}})
    >>> (message,) = check_solved_choices(SearchSettings(), config)
    >>> message[:61]
    'search.architecture: expected something to vary, as group-spa'
    >>> space = SearchSettings(architecture={"strength": (0.01, 0.1)})
    >>> check_solved_choices(space, config)
    []
    """
    choices = searched_architectures(space, config)

    def check(tried: NamedSettings) -> Sequence[str]:
        model = config.model.replace(architecture=tried)
        own = without_embeddings(config.replace(model=model))
        try:
            build_config(config_values(own))
        except UserError as error:
            return error.messages
        return []

    trained = any(not is_solved(name) for name in choices.names)
    errors = []
    if not trained:
        errors = _nothing_to_vary(space, choices) or _uncounted(space, choices)
    return errors + _check_each(choices, config.model.architecture, check)


def check_resolved_choices(
    space: SearchSettings, config: FitConfig, tasks: Sequence[Task]
) -> list[str]:
    """Find errors in solved architectures after the classes are known.

    Args:
        space: The search space.
        config: The settings before the search.
        tasks: The resolved tasks.

    Returns:
        One message per error.
    """

    def check(tried: NamedSettings) -> Sequence[str]:
        settings = solved_settings(tried, config.model)
        if settings is None:
            return []
        return [*settings.check_tasks(tasks), *settings.check_resolved_tasks(tasks)]

    choices = searched_architectures(space, config)
    return _check_each(choices, config.model.architecture, check)


def _nothing_to_vary(space: SearchSettings, choices: NamedChoices) -> list[str]:
    """Return errors for a search whose trials would all be the same."""
    count = sum(
        math.prod(len({*each}) for each in choices.settings.get(name, {}).values())
        for name in {*choices.names}
    )
    if count > 1 or any(len({*getattr(space, name)}) > 1 for name in ENCODINGS):
        return []
    (name,) = {*choices.names}
    return [
        f"search.architecture: expected something to vary, as {name} is solved and "
        "has no network, so that widths, learning rate and the like do not count. "
        f"Received: {name} alone. Give choices of its own settings, such as "
        "strength = [0.01, 0.1] under [search.architecture], or further names, such "
        f'as name = ["hard-sharing", "{name}"]; or fit it with python -m '
        "keras_mtl.fit, as it chooses its own strength."
    ]


def _uncounted(space: SearchSettings, choices: NamedChoices) -> list[str]:
    """Return errors for settings of networks if no trial has a network."""
    default = SearchSettings()
    names = " and ".join(dict.fromkeys(choices.names))
    return [
        f"search.{name}: has no meaning in a search among {names} alone, which are "
        "solved and have no network. Leave it out, or add a network to "
        'search.architecture, such as "hard-sharing".'
        for name in OF_NETWORKS
        if getattr(space, name) != getattr(default, name)
    ]


def _check_each(
    choices: NamedChoices,
    now: NamedSettings,
    check: Callable[[NamedSettings], Sequence[str]],
) -> list[str]:
    """Check solved architectures with each choice of a setting."""
    places: dict[str, str] = {}
    for name in choices.names:
        if not is_solved(name):
            continue
        own: dict[str, Any] = dict(now.settings) if name == now.name else {}
        tries = [(f"search.architecture.name: {name}", own)]
        for setting, values in choices.settings.get(name, {}).items():
            where = f"search.architecture.{name}.{setting}"
            tries += [(where, {**own, setting: value}) for value in values]
        for where, settings in tries:
            try:
                tried = check_architecture({"name": name, **settings})
            except (UserError, ValueError):
                # Invalid settings already have messages.
                continue
            for text in check(tried):
                places.setdefault(text, where)
    return [f"{where}: {text}" for text, where in places.items()]

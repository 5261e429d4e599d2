"""From plain values to checked settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any

from pydantic import ValidationError

from keras_mtl._core.declarations import Declaration
from keras_mtl._core.messages import validation_messages
from keras_mtl.architectures.registry import ARCHITECTURES
from keras_mtl.architectures.solved import SolvedSettings, solved_settings
from keras_mtl.auxiliary.helper import AuxiliaryHelper
from keras_mtl.auxiliary.kinds import (
    AUXILIARY_KINDS,
    deserialize_helper,
    serialize_helper,
)
from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.configuration.presets import HEART_DISEASE, PRESETS, TRANSFER
from keras_mtl.configuration.source_run import (
    lay_on_source,
    read_source_run,
    unused_transfer,
)
from keras_mtl.configuration.table_rule import TableFacts, open_settings, preset_values
from keras_mtl.errors import UserError, gather, show_value
from keras_mtl.features.feature import Feature
from keras_mtl.features.kinds import (
    FEATURE_KINDS,
    deserialize_feature,
    serialize_feature,
)
from keras_mtl.tables.addresses import STANDARD_INPUT
from keras_mtl.tasks.kinds import TASK_KINDS, deserialize_task, serialize_task
from keras_mtl.tasks.names import check_task_names, unknown_tasks
from keras_mtl.tasks.task import Task
from keras_mtl.tasks.threshold_aims import aim_of

__all__ = ["build_config", "config_values"]

Values = Mapping[str, Any]


def build_config(*layers: Values) -> FitConfig:
    """Lays settings on each other and checks the whole.

    The first layer is the preset; without a data file it is joined by the
    embedded data's own settings, and with a run whose trunk is used by settings for
    few labels.

    Args:
        *layers: Plain nested values, as TOML gives them; later ones win. Lists,
            and the tables of a weighting and an architecture, are replaced
            whole.

    Returns:
        The settings.

    Raises:
        UserError: With all errors at once.

    Example:

    >>> config = build_config({"preset": "article"}, {"training": {"epochs": 5}})
    >>> config.training.epochs, config.model.trunk
    (5, (32, 64))
    """
    given: dict[str, Any] = {}
    for layer in layers:
        given = _merge(given, layer)
    errors: list[str] = []
    given = _with_source(given, errors)
    preset = given.get("preset", "default")
    known = isinstance(preset, str) and preset in PRESETS
    base = preset_values(preset, TableFacts(rows=0)) if known else {}
    own_tasks: Values = {}
    if _get(given, "data", "path") is None:
        own_tasks = _heart_disease(given)
        base = _merge(base, own_tasks)
    if _get(given, "transfer", "run") is not None:
        base = _merge(base, TRANSFER)
    values = _merge(base, given)
    if _get(given, "transfer", "run") is None:
        values["by_rule"] = open_settings(preset, [own_tasks, *layers])

    tasks = _declarations(values, "tasks", deserialize_task, TASK_KINDS, errors)
    tasks = [_with_head(task, values) for task in tasks]
    features = _declarations(
        values, "features", deserialize_feature, FEATURE_KINDS, errors
    )
    helpers = _declarations(
        values, "auxiliary", deserialize_helper, AUXILIARY_KINDS, errors
    )
    rest = {key: value for key, value in values.items() if key not in _LISTS}
    config = None
    try:
        config = FitConfig(**rest)
    except ValidationError as error:
        errors[:0] = validation_messages(error, FitConfig)
    errors += check_task_names([each.name for each in (*tasks, *helpers)])
    errors += _feature_names(features)
    errors += _early_stopping(config)
    errors += _weighed_tasks(config, tasks, helpers)
    errors += _suited_tasks(config, tasks)
    errors += _trained_embeddings(config, features)
    errors += _hidden_inputs(config, helpers)
    errors += _needs_validation_rows(config, tasks)
    errors += _joint_coverage(config)
    errors += _one_standard_input(config)
    if values.get("tasks", []) == []:
        errors.append(
            "tasks: expected at least one task. Add --task NAME:KIND, such as "
            f"--task churn:binary. Kinds: {', '.join(TASK_KINDS)}."
        )
    if errors or config is None:
        raise UserError(*errors)
    return config.replace(
        tasks=tuple(tasks), features=tuple(features), auxiliary=tuple(helpers)
    )


def config_values(config: FitConfig) -> dict[str, Any]:
    """Returns settings as the plain values that `build_config` takes."""
    values = config.get_config()
    values["preset"] = config.preset
    values["seed"] = config.seed
    for field in fields(config):
        section = getattr(config, field.name)
        if field.name == "transfer" and config.transfer.run is None:
            continue
        if isinstance(section, Declaration):
            # Written in full: a preset's values may not be the defaults.
            values[field.name] = _without_none(section.get_config(defaults=True))
    values["tasks"] = [_task_values(task) for task in config.tasks]
    values["features"] = [serialize_feature(item) for item in config.features]
    values["auxiliary"] = [serialize_helper(item) for item in config.auxiliary]
    if not config.auxiliary:
        del values["auxiliary"]
    return values


def _task_values(task: Task) -> dict[str, Any]:
    """A task's plain values, with those that `[heads]` would else fill in."""
    own = task.get_config(defaults=True)
    return {
        **serialize_task(task),
        **{key: own[key] for key in _FROM_HEADS if key in own},
    }


_LISTS = ("tasks", "features", "auxiliary")
# Tables of a method and its settings: those of another method are not its own.
_WHOLE = ("architecture", "weighting")
_FROM_HEADS = ("widths", "label_smoothing", "transform", "clip")


def _with_source(given: dict[str, Any], errors: list[str]) -> dict[str, Any]:
    """Completes settings by those of the run whose trunk is used, if any."""
    run = _get(given, "transfer", "run")
    if run is None:
        errors += unused_transfer(given)
        return given
    if not isinstance(run, str):
        return given  # It is reported where the settings are made.
    with gather(errors):
        return lay_on_source(given, read_source_run(run), errors)
    return given


def _heart_disease(given: Values) -> dict[str, Any]:
    """The embedded data's settings, less the columns that are labels now."""
    labels: list[str] = []
    for key, deserialize in (
        ("tasks", deserialize_task),
        ("auxiliary", deserialize_helper),
    ):
        entries = given.get(key)
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, Mapping):
                labels += _label_columns(entry, deserialize)
    if not labels:
        return HEART_DISEASE
    inputs = HEART_DISEASE["inputs"]
    columns = [column for column in inputs["columns"] if column not in labels]
    return {**HEART_DISEASE, "inputs": {**inputs, "columns": columns}}


def _label_columns(entry: Values, deserialize: Callable[..., Any]) -> tuple[str, ...]:
    try:
        columns: tuple[str, ...] = deserialize(entry).label_columns
    except ValueError:
        return ()  # What is wrong with it is reported where the tasks are made.
    return columns


def _merge(base: Values, top: Values) -> dict[str, Any]:
    merged = dict(base)
    for key, value in top.items():
        below = merged.get(key)
        if key in _WHOLE:
            merged[key] = value
            continue
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            value = _merge(below, value)
        merged[key] = value
    return merged


def _get(values: Values, *keys: str) -> Any:
    found: Any = values
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _declarations(
    values: Values,
    key: str,
    deserialize: Callable[[dict[str, Any]], Any],
    kinds: Mapping[str, type],
    errors: list[str],
) -> list[Any]:
    """Makes each declaration of a list, and gathers what is wrong with any."""
    entries = values.get(key, [])
    if not isinstance(entries, list) or not all(
        isinstance(entry, Mapping) for entry in entries
    ):
        errors.append(
            f"{key}: expected a list of tables, [[{key}]] in TOML; received "
            f"{show_value(entries)}."
        )
        return []
    made = []
    for index, entry in enumerate(entries):
        name = entry.get("name")
        where = f"{key}[{name if isinstance(name, str) else index}]"
        try:
            made.append(deserialize(dict(entry)))
        except ValidationError as error:
            errors += validation_messages(error, kinds[entry["kind"]], where + ".")
        except ValueError as error:
            errors.append(f"{where}: {error}")
    return made


def _feature_names(features: Iterable[Feature]) -> list[str]:
    names = [feature.name for feature in features]
    lower = [name.lower() for name in names]
    return [
        "features: expected names that differ by more than their case. Received: "
        f"{name!r} twice. Rename one."
        for index, name in enumerate(names)
        if name.lower() in lower[:index]
    ]


def _early_stopping(config: FitConfig | None) -> list[str]:
    if config is None or not config.training.patience:
        return []
    if config.training.validation_fraction:
        return []
    return [
        "training.validation_fraction: expected a share above 0, as training.patience "
        f"= {config.training.patience} stops on the validation loss; received 0. Set "
        "it, such as to 0.2, or set the patience to 0."
    ]


def _one_standard_input(config: FitConfig | None) -> list[str]:
    if config is None or config.data.test_path != STANDARD_INPUT:
        return []
    if config.data.path != STANDARD_INPUT:
        return []
    return [
        "data.test_path: expected other rows than those of data.path; received "
        f"{STANDARD_INPUT!r} for both, and the standard input is read once. Name a "
        "file for one of them."
    ]


def _joint_coverage(config: FitConfig | None) -> list[str]:
    if config is None or not config.training.joint_coverage:
        return []
    if config.training.coverage is not None:
        return []
    return [
        "training.coverage: expected a probability, as training.joint_coverage says "
        "what it is of; received none. Set it, for example --coverage 0.9."
    ]


def _needs_validation_rows(
    config: FitConfig | None, tasks: Iterable[Task]
) -> list[str]:
    """Finds settings that are learned from validation rows where there are none."""
    if config is None:
        return []
    solved = solved_settings(config.model.architecture, config.model)
    if solved is not None and config.training.coverage is not None:
        return _own_intervals(config, solved, tasks)
    bayesian = config.transfer.run is not None and config.transfer.head == "bayesian"
    if config.training.validation_fraction and not bayesian:
        return []
    needed = []
    if config.training.calibration != "none":
        needed.append(f"training.calibration = {config.training.calibration!r}")
    if config.training.coverage is not None:
        needed.append(f"training.coverage = {config.training.coverage:g}")
    needed += [
        f"tasks[{task.name}].threshold_aim = {aim_of(task)!r}"
        for task in tasks
        if aim_of(task) is not None
    ]
    if bayesian:
        return [
            f"transfer.head: expected 'network', as {setting} is learned from "
            "validation rows, and a Bayesian head learns from all rows; received "
            "'bayesian'. Leave one of them out."
            for setting in needed
        ]
    return [
        f"training.validation_fraction: expected a share above 0, as {setting} is "
        "learned from validation rows; received 0. Set it, for example "
        "--validation-fraction 0.2."
        for setting in needed
    ]


def _own_intervals(
    config: FitConfig, solved: SolvedSettings, tasks: Iterable[Task]
) -> list[str]:
    """Finds a coverage that a solved architecture has no intervals of."""
    if not solved.has_deviations:
        return [
            "training.coverage: expected none, as sets are learned from validation "
            f"rows, and {config.model.architecture.name} is solved for on all rows; "
            f"received {config.training.coverage:g}. Leave it out, or choose an "
            "architecture that is trained, or gaussian-process or hierarchical-bayes, "
            "which have intervals of their own."
        ]
    if any(
        task.loss_kind == "regression" and getattr(task, "transform", "none") == "none"
        for task in tasks
    ):
        return []
    return [
        "training.coverage: expected a regression among the tasks, with transform "
        f"'none', as {config.model.architecture.name} has intervals of such numbers "
        f"alone; received {config.training.coverage:g} and none. Leave it out, or "
        "choose an architecture that is trained."
    ]


def _weighed_tasks(
    config: FitConfig | None, tasks: Iterable[Task], helpers: Iterable[AuxiliaryHelper]
) -> list[str]:
    # The names of a helper's tasks begin with its own.
    made = tuple(helper.name for helper in helpers)
    if config is None:
        return []
    names = [name for name in config.training.class_weights if name.startswith(made)]
    known = [task.name for task in tasks]
    where = "training.class_weights"
    weighed = [name for name in config.training.class_weights if name not in names]
    return unknown_tasks(where, weighed, known) if known else []


def _suited_tasks(config: FitConfig | None, tasks: list[Task]) -> list[str]:
    """Requires a task to predict, and an architecture that suits all of them."""
    errors = []
    if tasks and all(task.auxiliary for task in tasks):
        errors.append(
            "tasks: expected at least one task that is not auxiliary, as auxiliary "
            "tasks are not predicted. Received: "
            f"{', '.join(repr(task.name) for task in tasks)}, all auxiliary. Add a "
            "task to predict (--task NAME:KIND)."
        )
    if config is not None and tasks:
        chosen = config.model.architecture
        settings = ARCHITECTURES.settings(chosen.name)(**chosen.settings)
        errors += settings.check_tasks(tasks)
    return errors


def _trained_embeddings(
    config: FitConfig | None, features: Iterable[Feature]
) -> list[str]:
    """Refuses layers before the weights of an architecture that is solved for."""
    if config is None:
        return []
    chosen = config.model.architecture
    if solved_settings(chosen, config.model) is None:
        return []
    why = f"architecture {chosen.name!r} is solved for, and trains no layer"
    errors = [
        f"features: expected {feature.name!r} without an embedding, as {why}. Leave "
        "its embedding out, or choose an architecture that is trained."
        for feature in features
        if feature.trained_embedding is not None
    ]
    embedding = config.inputs.numeric_embedding
    wrong = []
    if embedding != "none":
        wrong.append(("inputs.numeric_embedding", "'none'", f"{embedding!r}"))
    if config.model.input_scaling:
        wrong.append(("model.input_scaling", "false", "true"))
    errors += [
        f"{setting}: expected {expected}, as {why}; received {received}. Leave the "
        "setting out, or choose an architecture that is trained."
        for setting, expected, received in wrong
    ]
    return errors


def _hidden_inputs(
    config: FitConfig | None, helpers: list[AuxiliaryHelper]
) -> list[str]:
    if config is None or config.model.input_dropout:
        return []
    return [
        f"model.input_dropout: expected a share above 0, as auxiliary {helper.name!r} "
        f"({helper.kind}) learns to give back inputs that training hides; received 0. "
        "Set it (--input-dropout 0.2)."
        for helper in helpers
        if helper.needs_hidden_inputs
    ]


def _with_head(task: Any, values: Values) -> Any:
    """Gives a task what `[heads]` says, where it says nothing itself."""
    heads = values.get("heads")
    entries = {entry.get("name"): entry for entry in values["tasks"]}
    own = entries[task.name]
    changes = {}
    for key in _FROM_HEADS:
        value = _get(values, "heads", key) if isinstance(heads, Mapping) else None
        if value is not None and key not in own and hasattr(task, key):
            changes[key] = value
    try:
        return task.replace(**changes)
    except ValidationError:
        return task  # `[heads]` itself is reported, once


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    # TOML has no null; what is absent is None.
    return {key: value for key, value in values.items() if value is not None}

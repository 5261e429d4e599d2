"""Checks of settings that are valid separately but not together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from keras_mtl.architectures.registry import ARCHITECTURES
from keras_mtl.architectures.solved import SolvedSettings, solved_settings
from keras_mtl.auxiliary.helper import AuxiliaryHelper
from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.features.feature import Feature
from keras_mtl.tables.addresses import STANDARD_INPUT
from keras_mtl.tasks.names import check_task_names, unknown_tasks
from keras_mtl.tasks.task import Task
from keras_mtl.tasks.threshold_aims import aim_of

__all__ = ["joint_errors"]


def joint_errors(
    config: FitConfig | None,
    tasks: Sequence[Task],
    features: Sequence[Feature],
    helpers: Sequence[AuxiliaryHelper],
) -> list[str]:
    """Find settings that contradict each other.

    Args:
        config: The settings without their lists; None where one of them is wrong
            by itself.
        tasks: The tasks.
        features: The declared features.
        helpers: The declared auxiliary helpers.

    Returns:
        The errors.
    """
    names = [task.name for task in tasks] + [helper.name for helper in helpers]
    errors = check_task_names(names)
    errors += _feature_names(features)
    errors += _predicted_tasks(tasks)
    if config is None:
        return errors
    return [
        *errors,
        *_early_stopping(config),
        *_weighed_tasks(config, tasks, helpers),
        *_suited_tasks(config, tasks, helpers),
        *_trained_embeddings(config, features),
        *_hidden_inputs(config, helpers),
        *_needs_validation_rows(config, tasks),
        *_joint_coverage(config),
        *_one_standard_input(config),
    ]


def _feature_names(features: Iterable[Feature]) -> list[str]:
    names = [feature.name for feature in features]
    lower = [name.lower() for name in names]
    return [
        "features: expected names that differ by more than their case. Received: "
        f"{name!r} twice. Rename one."
        for index, name in enumerate(names)
        if name.lower() in lower[:index]
    ]


def _early_stopping(config: FitConfig) -> list[str]:
    if not config.training.patience:
        return []
    if config.training.validation_fraction:
        return []
    return [
        "training.validation_fraction: expected a share above 0, as training.patience "
        f"= {config.training.patience} stops on the validation loss; received 0. Set "
        "it, such as to 0.2, or set the patience to 0."
    ]


def _one_standard_input(config: FitConfig) -> list[str]:
    if config.data.test_path != STANDARD_INPUT:
        return []
    if config.data.path != STANDARD_INPUT:
        return []
    return [
        "data.test_path: expected other rows than those of data.path; received "
        f"{STANDARD_INPUT!r} for both, and the standard input is read once. Name a "
        "file for one of them."
    ]


def _joint_coverage(config: FitConfig) -> list[str]:
    if not config.training.joint_coverage:
        return []
    if config.training.coverage is not None:
        return []
    return [
        "training.coverage: expected a probability, as training.joint_coverage says "
        "what it is of; received none. Set it, for example --coverage 0.9."
    ]


def _needs_validation_rows(config: FitConfig, tasks: Iterable[Task]) -> list[str]:
    """Find settings that are learned from validation rows where there are none."""
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
    """Find a coverage that a solved architecture has no intervals of."""
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
    config: FitConfig, tasks: Iterable[Task], helpers: Iterable[AuxiliaryHelper]
) -> list[str]:
    # The names of a helper's tasks begin with its own.
    made = tuple(helper.name for helper in helpers)
    names = [name for name in config.training.class_weights if name.startswith(made)]
    known = [task.name for task in tasks]
    where = "training.class_weights"
    weighed = [name for name in config.training.class_weights if name not in names]
    return unknown_tasks(where, weighed, known) if known else []


def _predicted_tasks(tasks: Sequence[Task]) -> list[str]:
    if not tasks or not all(task.auxiliary for task in tasks):
        return []
    return [
        "tasks: expected at least one task that is not auxiliary, as auxiliary "
        "tasks are not predicted. Received: "
        f"{', '.join(repr(task.name) for task in tasks)}, all auxiliary. Add a "
        "task to predict (--task NAME:KIND)."
    ]


def _suited_tasks(
    config: FitConfig, tasks: Sequence[Task], helpers: Sequence[AuxiliaryHelper]
) -> list[str]:
    """Require an architecture that suits all tasks."""
    if not tasks:
        return []
    chosen = config.model.architecture
    settings = ARCHITECTURES.settings(chosen.name)(**chosen.settings)
    errors = list(settings.check_tasks(tasks))
    solved = solved_settings(chosen, config.model)
    # Helpers become further tasks, and classes may be known from the rows only: then
    # the outputs are checked after the rows are read.
    if solved is not None and not helpers and all(t.has_known_units for t in tasks):
        errors += solved.check_resolved_tasks(tasks)
    return errors


def _trained_embeddings(config: FitConfig, features: Iterable[Feature]) -> list[str]:
    """Refuse layers before the weights of an architecture that is solved for."""
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


def _hidden_inputs(config: FitConfig, helpers: Iterable[AuxiliaryHelper]) -> list[str]:
    if config.model.input_dropout:
        return []
    return [
        f"model.input_dropout: expected a share above 0, as auxiliary {helper.name!r} "
        f"({helper.kind}) learns to give back inputs that training hides; received 0. "
        "Set it (--input-dropout 0.2)."
        for helper in helpers
        if helper.needs_hidden_inputs
    ]

"""The models of a comparison."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from keras_mtl.architectures.linear_settings import (
    IndependentSettings,
    LinearSettings,
)
from keras_mtl.architectures.registry import ARCHITECTURES
from keras_mtl.architectures.solved import (
    SolvedSettings,
    is_solved,
    solved_settings,
)
from keras_mtl.comparison.kept_labels import KeptLabels
from keras_mtl.comparison.settings import ComparisonSettings
from keras_mtl.configuration.fit_config import FitConfig, InputSettings, ModelSettings
from keras_mtl.configuration.presets import PRESETS
from keras_mtl.configuration.table_rule import TableFacts, preset_values
from keras_mtl.configuration.toml_file import read_toml
from keras_mtl.configuration.validate import build_config, config_values
from keras_mtl.configuration.without_embeddings import without_embeddings
from keras_mtl.errors import UserError, did_you_mean
from keras_mtl.tasks import Task
from keras_mtl.training.settings import TrainingSettings
from keras_mtl.weighting.registry import WEIGHTINGS

__all__ = [
    "CLASSICAL",
    "FEWEST_TASKS_TO_GROUP",
    "GROUPS",
    "MULTI_TASK",
    "SAME_SIZE",
    "SINGLE_TASK",
    "WITHOUT_AUXILIARY",
    "Candidate",
    "choose_candidates",
]

MULTI_TASK = "multi-task"
SINGLE_TASK = "single-task"
SAME_SIZE = "single-task, same size"
GROUPS = "groups"
WITHOUT_AUXILIARY = "without auxiliary tasks"
CLASSICAL = ("linear", "forest", "boosting")
TITLES = {
    "linear": "logistic or ridge regression",
    "forest": "random forest",
    "boosting": "histogram boosting",
}

Form = Literal["multi-task", "same widths", "same size", "groups", "classical"]
# Fewer tasks have too few possible groups.
FEWEST_TASKS_TO_GROUP = 4
# With more tasks, the pairs are too many to read and take long to measure.
MOST_TASKS_TO_LOOK_AT = 32

# The error about a preset that would choose its settings on held-out rows.
TRIES = (
    "expected a preset whose settings depend only on the size of the table. Those of "
    "'best' are chosen by training, which would use held-out rows; received "
    "'best'. Fit it, and evaluate its config.toml (--config) on other rows."
)


@dataclass(frozen=True)
class Candidate:
    """A model of a comparison.

    Attributes:
        name: The name in tables and files.
        form: One network for all tasks; one network per task, with the same widths or
            with as many parameters; one network per group of tasks that affinities
            choose; or one model of scikit-learn per task.
        config: The settings of the networks, with resolved tasks.
        kept: The task that keeps only a share of its training labels and is measured;
            None for a model with all labels.
    """

    name: str
    form: Form
    config: FitConfig
    kept: KeptLabels | None = None

    @property
    def is_compared(self) -> bool:
        """Whether the candidate is one of the compared models."""
        return self.kept is None

    @property
    def shows_gradients(self) -> bool:
        """Whether affinities and cosines are measured while it trains."""
        tasks = len(self.config.tasks)
        return (
            self.name == MULTI_TASK
            and 1 < tasks <= MOST_TASKS_TO_LOOK_AT
            and self.solved is None
        )

    @property
    def solved(self) -> SolvedSettings | None:
        """The settings of an architecture in closed form; None for a trained one."""
        model = self.config.model
        settings = solved_settings(model.architecture, model)
        if settings is None or self.form in ("classical", "groups"):
            return None
        if self.form == "multi-task" or not isinstance(settings, LinearSettings):
            return settings
        # A single task shares nothing with others, whatever the penalty.
        names = ("strength", "strengths", "folds", "one_standard_error")
        return IndependentSettings(**{name: getattr(settings, name) for name in names})

    @property
    def title(self) -> str:
        """The name for use in a sentence."""
        return TITLES.get(self.name, self.name)

    def task_groups(self) -> list[tuple[Task, ...]]:
        """Return the tasks that are trained together.

        An auxiliary task has no model, because it is not predicted.
        """
        tasks = self.config.tasks
        if self.form in ("multi-task", "groups"):
            return [tasks]
        return [(task,) for task in self.measured_tasks(tasks)]

    def measured_tasks(self, tasks: Sequence[Task]) -> list[Task]:
        """Return the measured tasks among tasks that are trained together."""
        return [
            task
            for task in tasks
            if not task.auxiliary and (self.kept is None or task.name == self.kept.task)
        ]

    def digest(self, tasks: Sequence[Task]) -> str:
        """Return a digest of the settings of a fit of these tasks."""
        values = config_values(self.config)
        parts: dict[str, Any] = {
            "form": self.form,
            "name": self.name if self.form == "classical" else "",
            "features": values["features"],
            "tasks": [
                each
                for each in values["tasks"]
                if each["name"] in {task.name for task in tasks}
            ],
        }
        if self.form == "same size":
            parts["of"] = values["tasks"]
        if self.kept is not None:
            parts["kept"] = [self.kept.task, self.kept.share]
        if self.form != "classical":
            parts |= {key: values[key] for key in ("model", "training")}
        text = json.dumps(parts, sort_keys=True, default=str)
        return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def choose_candidates(
    config: FitConfig, settings: ComparisonSettings, rows: int
) -> list[Candidate]:
    """Return the models of a comparison.

    Args:
        config: The settings of a run, with resolved tasks and declared features.
        settings: The settings of the comparison.
        rows: The number of rows of the table, by which presets choose.

    Raises:
        UserError: If a further configuration is unknown or invalid.
    """
    own = _with(config, {"training": {"members": settings.members}})
    chosen = [Candidate(MULTI_TASK, "multi-task", own)]
    predicted = tuple(task for task in config.tasks if not task.auxiliary)
    if len(predicted) < len(config.tasks):
        chosen.append(
            Candidate(WITHOUT_AUXILIARY, "multi-task", _without_auxiliary(own))
        )
    if len(predicted) > 1:
        chosen.append(Candidate(SINGLE_TASK, "same widths", own))
        # Linear models per task already have as many weights as a model of all tasks.
        if chosen[0].solved is None:
            chosen.append(Candidate(SAME_SIZE, "same size", own))
    if config.preset != "article":
        article = _preset(config, "article", settings.members, rows)
        chosen.append(Candidate("article", "multi-task", _without_auxiliary(article)))
    fixed = without_embeddings(own)
    chosen += [Candidate(name, "classical", fixed) for name in CLASSICAL]
    errors: list[str] = []
    if config.by_validation:
        errors.append(f"preset: {TRIES}")
    for text in settings.compare:
        try:
            if text == GROUPS:
                _require_groupable(config)
                chosen.append(Candidate(GROUPS, "groups", own))
                continue
            chosen.append(
                Candidate(
                    text, "multi-task", _further(config, text, settings.members, rows)
                )
            )
        except UserError as error:
            errors += [f"--compare {text}: {message}" for message in error.messages]
    for candidate in chosen:
        if candidate.form == "multi-task" and candidate.solved is not None:
            tasks = candidate.config.tasks
            errors += candidate.solved.check_tasks(tasks)
            errors += candidate.solved.check_resolved_tasks(tasks)
    names = [candidate.name for candidate in chosen]
    errors += [
        f"--compare {name}: expected each configuration once. It is compared already."
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    if errors:
        raise UserError(*errors)
    return chosen


def _require_groupable(config: FitConfig) -> None:
    if solved_settings(config.model.architecture, config.model) is not None:
        raise UserError(
            "expected an architecture that is trained, as groups of tasks are found "
            f"in its training; {config.model.architecture.name} is solved. Compare "
            "clustered instead."
        )
    tasks = len(config.tasks)
    fewest, most = FEWEST_TASKS_TO_GROUP, MOST_TASKS_TO_LOOK_AT
    if not fewest <= tasks <= most:
        raise UserError(
            f"expected from {fewest} to {most} tasks to divide into groups. Received: "
            f"{tasks}."
        )


def _with(config: FitConfig, *layers: dict[str, Any]) -> FitConfig:
    return build_config(config_values(config), *layers)


def _without_auxiliary(config: FitConfig) -> FitConfig:
    """Return settings without the auxiliary tasks, which a chain may name."""
    left_out = {task.name for task in config.tasks if task.auxiliary}
    chosen = config.model.architecture
    settings = dict(chosen.settings)
    if "order" in settings:
        order = [name for name in settings["order"] if name not in left_out]
        settings["order"] = tuple(order)
    return config.replace(
        tasks=tuple(task for task in config.tasks if not task.auxiliary),
        model=config.model.replace(architecture=chosen.replace(settings=settings)),
    )


def _preset(config: FitConfig, name: str, members: int, rows: int) -> FitConfig:
    """Return the settings of a preset for the same rows, tasks and columns.

    Settings that the preset does not set have their defaults, not the values of the
    run.
    """
    preset = preset_values(name, TableFacts.of_tasks(rows, config.tasks))
    training = TrainingSettings(**preset["training"])
    if training.members > 1:
        training = training.replace(members=members)
    inputs = InputSettings(
        **preset.get("inputs", {}),
        missing_values={
            feature.column_name: feature.missing_numbers for feature in config.features
        },
    )
    features = tuple(feature.with_defaults(inputs) for feature in config.features)
    model = ModelSettings(name=config.model.name, **preset["model"])
    return config.replace(
        preset=name, model=model, training=training, features=features
    )


def _further(config: FitConfig, text: str, members: int, rows: int) -> FitConfig:
    name = text.partition(":")[0]
    own = {"training": {"members": members}}
    if text.endswith(".toml"):
        return _with(config, own, read_toml(text))
    if text == "best":
        raise UserError(TRIES)
    if text in PRESETS:
        return _preset(config, text, members, rows)
    if name in WEIGHTINGS:
        return _with(config, own, {"training": {"weighting": text}})
    if name in ARCHITECTURES:
        if is_solved(name):
            config = without_embeddings(config)
        return _with(config, own, {"model": {"architecture": text}})
    known = [*PRESETS, *WEIGHTINGS, *ARCHITECTURES, GROUPS]
    raise UserError(
        "expected a preset, a weighting, an architecture, groups or a TOML file."
        f"{did_you_mean(name, known)} Presets: {', '.join(PRESETS)}. Architectures: "
        f"{', '.join(ARCHITECTURES)}. Weightings: {', '.join(WEIGHTINGS)}."
    )

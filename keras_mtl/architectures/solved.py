"""Architectures whose weights are solved for, not trained by gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_mtl._core.declarations import declaration
from keras_mtl._core.named_settings import NamedSettings
from keras_mtl.architectures.registry import ARCHITECTURES
from keras_mtl.architectures.settings import COMMON_SETTINGS, ArchitectureSettings
from keras_mtl.tasks.task import Task

if TYPE_CHECKING:
    from keras_mtl.model import MultiTaskModel

__all__ = ["Solution", "SolvedRows", "SolvedSettings", "is_solved", "solved_settings"]


@dataclass(frozen=True)
class SolvedRows:
    """Encoded training rows for which weights are solved.

    Attributes:
        inputs: The encoded features, (N, width).
        labels: Encoded labels by task name; NaN where missing.
        weights: The weight of each row by task name, (N,).
        folds: The fold of each row, (N,), for choosing settings by cross-validation.
        names: The names of the encoded features.
    """

    inputs: np.ndarray
    labels: Mapping[str, np.ndarray]
    weights: Mapping[str, np.ndarray]
    folds: np.ndarray
    names: Sequence[str]


@dataclass(frozen=True)
class Solution:
    """Result of an architecture in closed form, in addition to the model's weights.

    All values are plain and can be pickled. Files and the report show them.

    Attributes:
        facts: Short facts by name, for `metrics.json`.
        features: The names of the encoded features.
        outputs: The names of the outputs.
        weights: The weights of features in standard units, (width, outputs).
        path: Results along the path of strengths: columns by name, each of shape (S,).
        path_weights: The weights along the path, (S, width, outputs).
        task_covariance: The covariance of the outputs under a kernel, (outputs,
            outputs); None for a linear model. A kernel model has no weights of
            features: `features` is empty and `weights` has no rows.
        shrinkage: How far each weight is shrunk to the mean of its prior, from 0 to 1,
            (width, outputs); None without a learned prior.
        prior: The parameters of the priors of the weights: columns by name, each of
            shape (width,).
    """

    facts: Mapping[str, Any]
    features: tuple[str, ...]
    outputs: tuple[str, ...]
    weights: np.ndarray
    path: Mapping[str, np.ndarray] = field(default_factory=dict)
    path_weights: np.ndarray | None = None
    task_covariance: np.ndarray | None = None
    shrinkage: np.ndarray | None = None
    prior: Mapping[str, np.ndarray] = field(default_factory=dict)


@declaration
class SolvedSettings(ArchitectureSettings):
    """Base class of the settings of architectures that are solved and not trained.

    The architecture's builder creates the model, and these settings compute its weights
    in place of training. Only the weights of rows in `[training]` are used: members,
    epochs and similar settings are ignored.
    """

    @property
    def has_deviations(self) -> bool:
        """Whether the model predicts standard deviations of regressions.

        If so, `training.coverage` uses the model's own intervals.
        """
        return False

    def check_resolved_tasks(self, tasks: Sequence[Task]) -> list[str]:
        """Find tasks that the architecture does not support, after classes are known.

        `check_tasks` checks the tasks before they are resolved.

        Args:
            tasks: The resolved tasks.

        Returns:
            One message per error.
        """
        del tasks
        return []

    def fold_count(self) -> int:
        """Return the number of folds for choosing settings by cross-validation."""
        return 5

    def model_for(self, model: MultiTaskModel, rows: int) -> MultiTaskModel:
        """Return the model to solve, which may depend on the number of rows.

        Args:
            model: The model that the architecture's builder returned.
            rows: The number of training rows.
        """
        del rows
        return model

    def solve(self, model: MultiTaskModel, rows: SolvedRows) -> Solution:
        """Compute the weights of a model and assign them.

        Args:
            model: The model that `model_for` returned.
            rows: The training rows.
        """
        raise NotImplementedError

    def solve_model(
        self, model: MultiTaskModel, rows: SolvedRows
    ) -> tuple[MultiTaskModel, Solution]:
        """Return the solved model and the solution.

        By default `solve` assigns the weights of the model that `model_for` returns. An
        architecture whose layer sizes depend on the solution overrides this method and
        builds its model here.

        Args:
            model: The model that the architecture's builder returned.
            rows: The training rows.
        """
        model = self.model_for(model, len(rows.inputs))
        return model, self.solve(model, rows)


def is_solved(name: str) -> bool:
    """Return whether an architecture is solved for, and not trained.

    Args:
        name: The architecture's name; an unknown architecture is not solved for.

    Example:

    >>> is_solved("group-sparse"), is_solved("hard-sharing")
    (True, False)
    """
    return name in ARCHITECTURES and issubclass(
        ARCHITECTURES.settings(name), SolvedSettings
    )


def solved_settings(
    architecture: NamedSettings, common: ArchitectureSettings | None = None
) -> SolvedSettings | None:
    """Return the settings of a solved architecture; None for a trained one.

    Args:
        architecture: The name of the architecture, with its checked settings.
        common: The settings that all architectures have.

    Example:

    >>> solved_settings(NamedSettings("group-sparse", {"strength": 0.1})).strength
    0.1
    >>> solved_settings(NamedSettings("hard-sharing")) is None
    True
    """
    if not is_solved(architecture.name):
        return None
    kind = ARCHITECTURES.settings(architecture.name)
    common = common or ArchitectureSettings()
    shared = {name: getattr(common, name) for name in COMMON_SETTINGS}
    settings: SolvedSettings = kind(**shared, **architecture.settings)
    return settings

"""Trials: their settings and what they gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from keras_mtl.configuration.fit_config import FitConfig
from tuning.objective import Objective

__all__ = ["Trial", "best_trial", "settings_row", "trials_table"]


@dataclass(frozen=True)
class Trial:
    """One trial that has ended.

    Attributes:
        number: From 1, in the order of their start.
        config: The settings that it tried.
        metrics: Of the validation rows, by name; empty when it failed.
        epochs: The epoch measured; None when it failed.
        message: Why it failed.
    """

    number: int
    config: FitConfig
    metrics: dict[str, float] = field(default_factory=dict)
    epochs: int | None = None
    message: str = ""

    @property
    def completed(self) -> bool:
        """Whether it was measured."""
        return bool(self.metrics)


def best_trial(trials: Sequence[Trial], objective: Objective) -> Trial | None:
    """Returns the best completed trial, the first of several equal ones.

    Example:

    >>> config = FitConfig()
    >>> trials = [
    ...     Trial(1, config, {"val_heart_auc": 0.8}),
    ...     Trial(2, config, {"val_heart_auc": 0.9}),
    ...     Trial(3, config, message="diverged"),
    ... ]
    >>> best_trial(trials, Objective("val_heart_auc", "max")).number
    2
    """
    ranked = _ranked(trials, objective)
    return ranked[0] if ranked else None


def settings_row(config: FitConfig) -> dict[str, Any]:
    """Returns the searched settings, as the flags of a fit write them."""
    row: dict[str, Any] = {"trunk": _join(config.model.trunk)}
    for task in config.tasks:
        row[f"{task.name}.widths"] = _join(task.widths)
    for task in config.tasks:
        row[f"{task.name}.loss_weight"] = task.loss_weight
    row["learning_rate"] = config.training.learning_rate
    for table, named in (
        ("weighting", config.training.weighting),
        ("architecture", config.model.architecture),
    ):
        row |= {f"{table}.{key}": value for key, value in named.settings.items()}
    return row


def trials_table(trials: Sequence[Trial], objective: Objective) -> pd.DataFrame:
    """Makes the table of a trials file.

    Args:
        trials: The trials.
        objective: By what they are ranked.

    Returns:
        One row a trial, in their order: `trial`, `status`, `rank` (1 is the
        best), `objective` (its value), the searched settings, `epochs`, all
        metrics, and the `message` of a failed one.
    """
    ranks = {trial.number: i for i, trial in enumerate(_ranked(trials, objective), 1)}
    rows = [
        {
            "trial": trial.number,
            "status": "completed" if trial.completed else "failed",
            "rank": ranks.get(trial.number),
            "objective": trial.metrics.get(objective.name),
            **settings_row(trial.config),
            "epochs": trial.epochs,
            **trial.metrics,
            "message": trial.message,
        }
        for trial in trials
    ]
    table = pd.DataFrame(rows).astype({"rank": "Int64", "epochs": "Int64"})
    # Behind all metrics, though a failed first trial has none.
    return table[[name for name in table if name != "message"] + ["message"]]


def _ranked(trials: Sequence[Trial], objective: Objective) -> list[Trial]:
    return sorted(
        (trial for trial in trials if trial.completed),
        key=lambda trial: trial.metrics[objective.name],
        reverse=objective.direction == "max",
    )


def _join(widths: Sequence[int]) -> str:
    return ",".join(str(width) for width in widths)

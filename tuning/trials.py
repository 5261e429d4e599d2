"""Trials: their settings and results, and their ranks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from keras_mtl.architectures.solved import is_solved
from keras_mtl.configuration.fit_config import FitConfig
from tuning.encodings import ENCODINGS
from tuning.objective import Objective

__all__ = [
    "Trial",
    "best_trial",
    "optimism",
    "pareto_front",
    "pareto_ranks",
    "settings_row",
    "trials_table",
]


@dataclass(frozen=True)
class Trial:
    """A finished trial.

    Attributes:
        number: The number of the trial, from 1, in the order of their start.
        config: The settings of the trial.
        folds: The metrics of each fold's held-out rows by name; empty if the trial
            failed.
        epochs: The measured epoch of each fold; empty for a model without a network.
        message: The reason of a failure.
        values: The tuner's choices by name.
        seconds: The training time, divided among trials that were trained together.
        parameters: The number of the model's parameters.
    """

    number: int
    config: FitConfig
    folds: tuple[dict[str, float], ...] = ()
    epochs: tuple[int, ...] = ()
    message: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    parameters: int = 0

    @property
    def completed(self) -> bool:
        """Whether the trial was measured."""
        return bool(self.folds)

    @property
    def metrics(self) -> dict[str, float]:
        """The means of the metrics over the folds, by name.

        A metric that some folds do not define is averaged over the other folds.
        """
        names = dict.fromkeys(name for fold in self.folds for name in fold)
        return {name: _mean(self._of_folds(name)) for name in names}

    def spread(self, objective: Objective) -> float:
        """Return the standard deviation of an objective over the folds."""
        values = [objective.value(fold) for fold in self.folds]
        values = [value for value in values if math.isfinite(value)]
        return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan

    @property
    def budget(self) -> int:
        """The largest number of epochs of the trial."""
        return self.config.training.epochs

    def _of_folds(self, name: str) -> list[float]:
        return [fold[name] for fold in self.folds if name in fold]


def best_trial(
    trials: Sequence[Trial], objectives: Objective | Sequence[Objective]
) -> Trial | None:
    """Return the best completed trial; of several equal ones, the first.

    With several objectives, it is the trial of the Pareto front that is best by the
    first objective. The user may choose another one.

    Example:

    >>> config = FitConfig()
    >>> trials = [
    ...     Trial(1, config, ({"val_heart_auc": 0.8},)),
    ...     Trial(2, config, ({"val_heart_auc": 0.9},)),
    ...     Trial(3, config, message="diverged"),
    ... ]
    >>> best_trial(trials, Objective("val_heart_auc", "max")).number
    2
    """
    ranked = _ranked(trials, _several(objectives)[0])
    return ranked[0] if ranked else None


def pareto_ranks(costs: Sequence[Sequence[float]]) -> list[int]:
    """Return the non-dominated rank of each point, from 1.

    One point beats another if it is as good in all objectives and better in one. Points
    of rank 1 are not beaten by any point, points of rank 2 only by points of rank 1,
    and so on (Deb et al. 2002).

    Args:
        costs: The values of each point; smaller values are better.

    Example:

    >>> pareto_ranks([(1, 4), (2, 2), (4, 1), (3, 3), (4, 4)])
    [1, 1, 1, 2, 3]
    """
    points = np.asarray(costs, "float64").reshape(len(costs), -1)
    no_worse = (points[:, None] <= points[None]).all(axis=2)
    better = (points[:, None] < points[None]).any(axis=2)
    beats = no_worse & better
    ranks = np.zeros(len(points), int)
    rank = 0
    while (ranks == 0).any():
        rank += 1
        left = ranks == 0
        front = left & ~(beats & left[:, None]).any(axis=0)
        ranks[front] = rank
    return ranks.tolist()


def pareto_front(
    trials: Sequence[Trial], objectives: Sequence[Objective]
) -> list[Trial]:
    """Return the completed trials of rank 1; see `pareto_ranks`."""
    known = [trial for trial in trials if _has_values(trial, objectives)]
    if not known:
        return []
    costs = [[each.cost(trial.metrics) for each in objectives] for trial in known]
    ranks = pareto_ranks(costs)
    return [trial for trial, rank in zip(known, ranks, strict=True) if rank == 1]


def optimism(trials: Sequence[Trial], objective: Objective) -> float | None:
    """Estimate how far the best trial's value is too optimistic.

    The best of many trials is partly the luckiest. In each fold, the chosen trial is
    compared with the trial that is best in that fold. The mean difference estimates the
    bias of the best value (Tibshirani and Tibshirani 2009).

    Args:
        trials: The trials.
        objective: The objective that chooses the best trial.

    Returns:
        The bias in the unit of the objective, 0 or more; None with fewer than two
        completed trials.

    Example:

    >>> config = FitConfig()
    >>> folds = [({"a": 0.9}, {"a": 0.7}), ({"a": 0.6}, {"a": 0.8})]
    >>> trials = [Trial(i, config, each) for i, each in enumerate(folds, 1)]
    >>> round(optimism(trials, Objective("a", "max")), 3)
    0.05
    """
    known = [trial for trial in trials if _has_values(trial, [objective])]
    folds = {len(trial.folds) for trial in known}
    if len(known) < 2 or len(folds) != 1:
        return None
    costs = np.array([[objective.cost(fold) for fold in t.folds] for t in known])
    best = best_trial(known, objective)
    chosen = costs[[trial is best for trial in known]][0]
    with np.errstate(invalid="ignore"):
        return float(np.nanmean(chosen - np.nanmin(costs, axis=0)))


def settings_row(config: FitConfig) -> dict[str, Any]:
    """Return the searched settings in the form of a fit's flags.

    Settings of networks are None for a model without a network.
    """
    model, training = config.model, config.training
    row: dict[str, Any] = {"trunk": _join(model.trunk)}
    for task in config.tasks:
        row[f"{task.name}.widths"] = _join(task.widths)
    for task in config.tasks:
        row[f"{task.name}.loss_weight"] = task.loss_weight
    row["learning_rate"] = training.learning_rate
    row["weight_decay"] = training.weight_decay
    row["batch_size"] = training.batch_size
    row["activation"] = model.activation
    row["dropout"] = model.dropout
    row |= {name: getattr(config.inputs, name) for name in ENCODINGS}
    row["numeric_embedding"] = config.inputs.numeric_embedding
    row["weighting"] = training.weighting.name
    row["architecture"] = model.architecture.name
    for table, named in (
        ("weighting", training.weighting),
        ("architecture", model.architecture),
    ):
        row |= {f"{table}.{key}": value for key, value in named.settings.items()}
    if is_solved(model.architecture.name):
        counts = ("architecture", *ENCODINGS)
        row |= {key: None for key in row if not key.startswith(counts)}
    return row


def trials_table(
    trials: Sequence[Trial], objectives: Objective | Sequence[Objective]
) -> pd.DataFrame:
    """Build the table of all trials.

    Args:
        trials: The trials.
        objectives: The objectives that rank the trials.

    Returns:
        One row per trial, in their order: `trial`, `status`, `rank` by the first
        objective (1 is the best), `pareto` (the non-dominated rank, with several
        objectives), `objective` (the mean of the first objective over the folds),
        `objective_spread` (its standard deviation over the folds), the settings,
        `budget` (the largest number of epochs), `epochs` (the median over the folds of
        the measured epoch), all metrics, with the values of the folds for the
        objectives, `seconds`, `parameters`, and the `message` of a failed trial.
    """
    several = _several(objectives)
    first = several[0]
    ranks = {trial.number: i for i, trial in enumerate(_ranked(trials, first), 1)}
    fronts: dict[int, int] = {}
    known = [trial for trial in trials if _has_values(trial, several)]
    if len(several) > 1 and known:
        costs = [[each.cost(trial.metrics) for each in several] for trial in known]
        fronts = {
            trial.number: rank
            for trial, rank in zip(known, pareto_ranks(costs), strict=True)
        }
    rows = []
    for trial in trials:
        metrics = trial.metrics
        row: dict[str, Any] = {
            "trial": trial.number,
            "status": "completed" if trial.completed else "failed",
            "rank": ranks.get(trial.number),
        }
        if len(several) > 1:
            row["pareto"] = fronts.get(trial.number)
        row["objective"] = first.value(metrics) if trial.completed else None
        row["objective_spread"] = trial.spread(first) if trial.completed else None
        row |= settings_row(trial.config)
        row["budget"] = trial.budget
        row["epochs"] = round(float(np.median(trial.epochs))) if trial.epochs else None
        row |= metrics
        for each in several:
            for index, fold in enumerate(trial.folds, 1):
                row[f"{each.name}_fold_{index}"] = each.value(fold)
        row["seconds"] = round(trial.seconds, 3)
        row["parameters"] = trial.parameters or None
        row["message"] = trial.message
        rows.append(row)
    whole = [
        "rank",
        "batch_size",
        "epochs",
        "parameters",
        *(["pareto"] if len(several) > 1 else []),
    ]
    table = pd.DataFrame(rows).astype(dict.fromkeys(whole, "Int64"))
    # Placed after all metrics, even if the first trial failed and has none.
    last = ["seconds", "parameters", "message"]
    return table[[name for name in table if name not in last] + last]


def _several(objectives: Objective | Sequence[Objective]) -> Sequence[Objective]:
    return [objectives] if isinstance(objectives, Objective) else objectives


def _has_values(trial: Trial, objectives: Sequence[Objective]) -> bool:
    metrics: Mapping[str, float] = trial.metrics
    return trial.completed and all(
        math.isfinite(each.value(metrics)) for each in objectives
    )


def _ranked(trials: Sequence[Trial], objective: Objective) -> list[Trial]:
    known = [trial for trial in trials if _has_values(trial, [objective])]
    return sorted(known, key=lambda trial: objective.cost(trial.metrics))


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def _join(widths: Sequence[int]) -> str:
    return ",".join(str(width) for width in widths)

"""Effects of features in each fold, stored with the fit and averaged over folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from keras_mtl.comparison.candidates import MULTI_TASK, Candidate
from keras_mtl.comparison.folds import Fold
from keras_mtl.evaluation import FeatureImportance, PartialDependence
from keras_mtl.runs.feature_effects import (
    FeatureEffects,
    PredictMatrix,
    feature_effects,
)
from keras_mtl.runs.prepared_data import PreparedData

__all__ = ["fold_effects", "has_effects", "join_effects"]

# The number of features with partial dependence per fold. The report shows fewer. The
# most important features over all folds are among these in almost every fold.
STRONGEST = 8


def has_effects(candidate: Candidate, fold: Fold) -> bool:
    """Return whether the effects of features are measured in a fit.

    These are the fits of the multi-task network in the first repeat, which holds out
    each row once.
    """
    return candidate.name == MULTI_TASK and fold.repeat == 0


def fold_effects(
    predict: PredictMatrix,
    matrix: np.ndarray,
    blocks: Mapping[str, slice],
    data: PreparedData,
    fold: Fold,
) -> dict[str, Any]:
    """Measure importance and partial dependence on the rows of a fold.

    Args:
        predict: A function from encoded rows to the outputs of the fold's networks.
        matrix: All rows, encoded for the fold, (N, columns).
        blocks: The columns of the matrix by feature.
        data: The rows.
        fold: The fold.

    Returns:
        Plain values, for the file of the fit.
    """
    effects = feature_effects(
        predict,
        matrix,
        blocks,
        {name: data.rows[name] for name in blocks},
        data.main_tasks,
        data.labels,
        fold.test,
        strongest=STRONGEST,
        seed=data.config.seed + fold.number,
    )
    plain: dict[str, Any] = {
        "importance": [asdict(each) for each in effects.importance],
        "dependence": [asdict(each) for each in effects.dependence],
    }
    for each in plain["dependence"]:
        for name in ("means", "low", "high"):
            each[name] = {task: table.tolist() for task, table in each[name].items()}
    return plain


def join_effects(folds: Sequence[Mapping[str, Any]]) -> FeatureEffects:
    """Average the effects of features over folds.

    Args:
        folds: The result of `fold_effects` in each fold.

    Returns:
        The importance over all shuffles of all folds, and the mean partial
        dependence over the folds in which a feature was among the strongest.
    """
    importance: dict[tuple[str, str], list[FeatureImportance]] = {}
    dependence: dict[str, list[PartialDependence]] = {}
    for fold in folds:
        for each in fold.get("importance", ()):
            found = FeatureImportance(**{**each, "values": tuple(each["values"])})
            importance.setdefault((found.task, found.feature), []).append(found)
        for each in fold.get("dependence", ()):
            tables = {
                name: {task: np.asarray(table) for task, table in each[name].items()}
                for name in ("means", "low", "high")
            }
            values = tuple(each["values"])
            own = PartialDependence(**{**each, **tables, "values": values})
            dependence.setdefault(own.feature, []).append(own)
    return FeatureEffects(
        tuple(map(_join_importance, importance.values())),
        tuple(map(_join_dependence, dependence.values())),
    )


def _join_importance(folds: Sequence[FeatureImportance]) -> FeatureImportance:
    values = np.array([value for fold in folds for value in fold.values])
    # A fold without held-out rows of a class may lack the metric.
    known = values[np.isfinite(values)]
    bases = [fold.base for fold in folds if np.isfinite(fold.base)]
    return replace(
        folds[0],
        base=float(np.mean(bases)) if bases else float("nan"),
        importance=float(known.mean()) if len(known) else float("nan"),
        std=float(known.std(ddof=1)) if len(known) > 1 else 0.0,
        values=tuple(values.tolist()),
    )


def _join_dependence(folds: Sequence[PartialDependence]) -> PartialDependence:
    rows = [fold.rows for fold in folds]

    def join(name: str) -> dict[str, np.ndarray]:
        tables = [getattr(fold, name) for fold in folds]
        return {
            task: np.average([table[task] for table in tables], axis=0, weights=rows)
            for task in tables[0]
        }

    return replace(
        folds[0],
        means=join("means"),
        low=join("low"),
        high=join("high"),
        rows=sum(rows),
    )

"""Results of a task by the share of its training labels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from keras_mtl.comparison.candidates import MULTI_TASK, SINGLE_TASK
from keras_mtl.comparison.experiment import Experiment
from keras_mtl.comparison.kept_labels import KeptLabels
from keras_mtl.comparison.label_shares import labels_kept, share_candidate
from keras_mtl.evaluation import compare_paired

__all__ = ["LABEL_EFFICIENCY_COLUMNS", "label_efficiency"]

LABEL_EFFICIENCY_COLUMNS = (
    "task",
    "share",
    "labels",
    "model",
    "metric",
    "mean",
    "std",
    "folds",
    "gain",
    "low",
    "high",
)


def label_efficiency(
    experiment: Experiment, values: Mapping[tuple[str, str, str], np.ndarray]
) -> pd.DataFrame:
    """Return the results of sharing and of a single task, by share of labels.

    Args:
        experiment: The experiment, with all fits.
        values: The metric in each split, NaN where the fit failed, by the names of the
            candidate, the task and the metric.

    Returns:
        One row per task, share, model and metric, with `labels` (the mean number of
        kept labels per fold), `mean`, `std` and `folds`. For the multi-task network,
        also `gain` (the mean difference from the single-task network on the same folds,
        above 0 if sharing is better) and its corrected resampled interval from `low` to
        `high`.
    """
    data, settings = experiment.data, experiment.settings
    compared = [each for each in experiment.candidates if each.is_compared]
    rows = []
    for task in data.main_tasks:
        for share in sorted(set(settings.label_shares)):
            count = labels_kept(data, experiment.folds, KeptLabels(task.name, share))
            names = {
                model: share_candidate(
                    data, experiment.folds, compared, model, task.name, share
                ).name
                for model in (MULTI_TASK, SINGLE_TASK)
            }
            for metric, direction in task.metric_directions.items():
                found = {
                    model: values[name, task.name, metric]
                    for model, name in names.items()
                }
                sign = 1 if direction == "max" else -1
                difference = compare_paired(
                    sign * (found[MULTI_TASK] - found[SINGLE_TASK]),
                    1 / experiment.folds_per_repeat,
                    0.0,
                    settings.level,
                )
                gain = difference.mean, difference.low, difference.high
                for model, own in found.items():
                    known = own[np.isfinite(own)]
                    mean = known.mean() if len(known) else np.nan
                    std = known.std(ddof=1) if len(known) > 1 else np.nan
                    rows.append(
                        (
                            *(task.name, share, count, model, metric),
                            *(mean, std, len(known)),
                            *(gain if model == MULTI_TASK else (np.nan,) * 3),
                        )
                    )
    return pd.DataFrame(rows, columns=list(LABEL_EFFICIENCY_COLUMNS))

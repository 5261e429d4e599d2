"""Trials of models without a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from keras_mtl.comparison.candidates import Candidate
from keras_mtl.comparison.folds import Fold
from keras_mtl.comparison.solved_folds import solve_folds
from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.configuration.without_embeddings import without_embeddings
from keras_mtl.errors import UserError
from keras_mtl.tasks import Task
from tuning.measured import Measured, first_line
from tuning.objective import validation_metrics
from tuning.trial_data import TrialData

__all__ = ["measure_solved"]

NOT_FINITE = "a loss is NaN or infinite. Look for extreme values in the data"


def measure_solved(
    config: FitConfig, data: TrialData, yardstick: Sequence[Task]
) -> Measured:
    """Solve for a trial's weights in all folds, and measure each fold.

    The folds, the metrics and the unit of losses are the same as for trials with a
    network, so both can be compared.

    Args:
        config: The trial's settings, of a solved architecture.
        data: The rows.
        yardstick: The tasks with the loss weights before the search.

    Returns:
        The outcome, without epochs. A trial without a solution, or with too little
        memory, has failed.
    """
    rows = data.with_inputs(config.inputs).rows
    weights = {task.name: task.loss_weight for task in config.tasks}
    tasks = tuple(task.replace(loss_weight=weights[task.name]) for task in rows.tasks)
    own = without_embeddings(config.replace(tasks=tasks, features=rows.features))
    candidate = Candidate("trial", "multi-task", own)
    settings = candidate.solved
    assert settings is not None
    try:
        fits = solve_folds(candidate, settings, tasks, data.folds, rows, data.encode)
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        return Measured(message=f"out of memory: {first_line(error)}")
    except FloatingPointError as error:
        return Measured(message=str(error))
    except (UserError, ValueError, np.linalg.LinAlgError) as error:
        return Measured(message=f"could not be solved: {first_line(error)}")
    metrics = []
    for fold, fit in zip(data.folds, fits, strict=True):
        held = {name: values[fold.test] for name, values in rows.labels.items()}
        losses = _losses(data, fold, held, fit.outputs)
        if not np.isfinite(list(losses.values())).all():
            return Measured(message=NOT_FINITE)
        metrics.append(validation_metrics(yardstick, held, fit.outputs, losses))
    # A kernel model's number of parameters depends on its support rows, which differ by
    # fold.
    parameters = round(float(np.median([fit.parameters for fit in fits])))
    return Measured(metrics, [], parameters)


def _losses(
    data: TrialData,
    fold: Fold,
    held: Mapping[str, np.ndarray],
    outputs: Mapping[str, np.ndarray],
) -> dict[str, float]:
    """Return each task's loss in the unit that networks are trained in."""
    losses = {}
    for task in data.rows.tasks:
        labels = data.rows.labels[task.name][fold.train]
        standard, to_unit, _ = task.in_common_unit(labels)
        losses[task.name] = float(
            standard.loss()(to_unit(held[task.name]), to_unit(outputs[task.name]))
        )
    return losses

"""Content of the report of an evaluation, from the comparison."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from keras_mtl.comparison.candidates import MULTI_TASK, SINGLE_TASK
from keras_mtl.comparison.comparison import Comparison
from keras_mtl.comparison.experiment import Experiment
from keras_mtl.comparison.reason_sentences import reason_sentences
from keras_mtl.report.evaluation_facts import EvaluationFacts, SharingFacts
from keras_mtl.report.fit_facts import MOST_COLUMNS
from keras_mtl.runs.report_facts import draw_rows, package_versions
from keras_mtl.runs.run_details import run_origin
from keras_mtl.splits.row_groups import row_hashes

__all__ = ["report_facts"]


def report_facts(
    comparison: Comparison, experiment: Experiment, folder: Path
) -> EvaluationFacts:
    """Collect the content of the report of an evaluation.

    Args:
        comparison: The result of the evaluation.
        experiment: The rows, folds and candidates of the evaluation.
        folder: The folder with the `config.toml` of the evaluation.
    """
    data = experiment.data
    held_out = {
        task.name: comparison.held_out(MULTI_TASK, task) for task in comparison.tasks
    }
    drawn = draw_rows(
        np.arange(len(data.rows)), np.random.default_rng(data.config.seed)
    )
    columns = [feature.column_name for feature in data.features][:MOST_COLUMNS]
    return EvaluationFacts(
        name=data.config.model.name,
        tasks=comparison.tasks,
        models={
            each.name: each.title for each in experiment.candidates if each.is_compared
        },
        metrics=comparison.metrics,
        labels={name: found.labels for name, found in held_out.items()},
        outputs={name: found.outputs for name, found in held_out.items()},
        verdicts=comparison.verdicts,
        judgements=comparison.judgements,
        alone=SINGLE_TASK if SINGLE_TASK in comparison.judgements else None,
        calibration=comparison.calibration(),
        subgroups=comparison.subgroups,
        importance=comparison.importance,
        dependence=comparison.dependence,
        sharing=_sharing_facts(comparison),
        rows=pd.DataFrame(
            {name: data.rows[name].iloc[drawn].array for name in columns}
        ),
        row_labels={name: values[drawn] for name, values in data.labels.items()},
        copies=_copies(experiment),
        failures=comparison.failures,
        details=comparison.details,
        origin=run_origin(folder),
        versions=package_versions(),
        config=(folder / "config.toml").read_text("utf-8"),
        values=comparison.to_plain(),
    )


def _sharing_facts(comparison: Comparison) -> SharingFacts:
    names = [task.name for task in comparison.tasks]
    affinity = None
    if len(comparison.affinity):
        pairs = comparison.affinity.pivot(
            index="task", columns="onto", values="affinity"
        )
        affinity = pairs.reindex(index=names, columns=names)
    groups = None
    if comparison.task_groups is not None:
        found = comparison.task_groups
        groups = {
            "groups": found.grouping.groups,
            "mean gain promised, as a share of the loss": found.grouping.gain,
            "with one trunk for all": found.grouping.gain_together,
            "folds that choose them": f"{found.agreeing_folds} of {found.folds}",
        }
    return SharingFacts(
        gradient_cosines=comparison.gradient_cosines,
        affinity=affinity,
        task_groups=groups,
        label_efficiency=comparison.label_efficiency,
        sentences=reason_sentences(comparison),
    )


def _copies(experiment: Experiment) -> int:
    """Count the held-out rows of the first repeat with features of a training row."""
    data = experiment.data
    columns = [feature.column_name for feature in data.features]
    hashes = row_hashes(data.rows, columns)
    return sum(
        int(np.isin(hashes[fold.test], hashes[fold.train]).sum())
        for fold in experiment.folds
        if fold.repeat == 0
    )

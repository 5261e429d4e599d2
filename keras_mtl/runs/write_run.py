"""Writing of the files of a run folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from keras_mtl.architectures import Solution
from keras_mtl.configuration.repeatable import repeatable_values
from keras_mtl.configuration.toml_file import write_toml
from keras_mtl.report import FitFacts, RowSample
from keras_mtl.runs.network_parts import network_parts
from keras_mtl.runs.predictions import prediction_table
from keras_mtl.runs.prepared_data import PreparedData
from keras_mtl.runs.report_facts import package_versions
from keras_mtl.runs.run_details import run_details
from keras_mtl.runs.side_processes import RunHelpers, draw_beside
from keras_mtl.runs.train import TrainedRun
from keras_mtl.serving import write_saved_model
from keras_mtl.serving.metadata import add_details

__all__ = ["run_metrics", "write_run"]

MODEL_CARD = "MODEL_CARD.md"

# Arrays by task name, with one row per row of the data.
Rows = Mapping[str, np.ndarray]


def run_metrics(run: TrainedRun, data: PreparedData) -> dict[str, Any]:
    """Compute the metrics of a run.

    Args:
        run: The result of training.
        data: The data of the run.

    Returns:
        The content of `metrics.json`.
    """
    calibration = _calibration_facts(run, data)
    auxiliary = [task.name for task in data.tasks if task.auxiliary]
    return {
        "test": _measure(data, run, data.test_rows),
        "train": _measure(data, run, data.train_rows),
        "rows": {"train": len(data.train_rows), "test": len(data.test_rows)},
        "parameters": run.parameters,
        "members": len(run.fit.members),
        "epochs": run.fit.epochs.tolist(),
        "idle_units": run.idle_units,
        "sharing": list(run.sharing.sentences),
        **({"calibration": calibration} if calibration else {}),
        # Auxiliary tasks are measured, but neither predicted nor served.
        **({"auxiliary": auxiliary} if auxiliary else {}),
        **({} if run.solution is None else {"solution": dict(run.solution.facts)}),
    }


def write_run(
    folder: Path,
    run: TrainedRun,
    data: PreparedData,
    metrics: dict[str, Any],
    helpers: RunHelpers,
    sample: RowSample,
) -> None:
    """Write all files of a run into a folder.

    Args:
        folder: An empty folder.
        run: The result of training.
        data: The data of the run.
        metrics: The metrics from `run_metrics`.
        helpers: The processes that draw and check beside this one.
        sample: The rows that the report uses, from `sample_rows`.
    """
    model = run.model
    outputs = _rows(run.outputs, data.test_rows)
    labels = _rows(data.labels, data.test_rows)
    # The report shows the content of these files.
    write_toml(folder / "config.toml", repeatable_values(data.config))
    text = json.dumps(metrics, indent=2, allow_nan=False)
    (folder / "metrics.json").write_text(text + "\n", "utf-8")
    details = run_details(folder)
    version = folder / "serving" / data.config.model.name / "1"
    facts = FitFacts(
        data.config.model.name,
        run.tasks,
        run.fit.history,
        labels,
        outputs,
        metrics,
        (folder / "config.toml").read_text("utf-8"),
        data.config.training.epochs,
        network_parts(run.fit.members[0]),
        sample,
        run.effects.importance,
        run.effects.dependence,
        {
            key: value
            for key, value in details.items()
            if key not in (*metrics, "metrics")
        },
        package_versions(),
        run.sharing,
        run.solution,
    )
    with draw_beside(
        helpers.painter,
        folder / "plots",
        run.tasks,
        run.fit.history,
        labels,
        outputs,
        metrics["test"],
        report=facts,
    ):
        model.save(folder / "model.keras")
        if run.training_model is not None:
            run.training_model.save(folder / "training_model.keras")
        history = pd.DataFrame(run.fit.mean_history())
        history.insert(0, "epoch", np.arange(1, len(history) + 1))
        history.to_csv(folder / "history.csv", index=False)
        if run.solution is not None:
            _write_solution(folder, run.solution)
        table = prediction_table(model, outputs, labels, data.test_numbers)
        table.to_csv(folder / "predictions.csv", index=False)
        write_saved_model(model, version, details=details, checker=helpers.checker)
    # The report is complete: the model card uses its alerts and intervals.
    card = add_details(version, {"report": run_details(folder)["report"]})
    (folder / MODEL_CARD).write_text(card, "utf-8", errors="backslashreplace")


def _calibration_facts(run: TrainedRun, data: PreparedData) -> dict[str, Any]:
    """Return the results of the calibration, and the held-out coverage of the sets."""
    facts = {name: dict(found) for name, found in run.calibration.facts.items()}
    for task in run.calibration.tasks:
        rule, quantile = task.prediction_set_rule(), task.set_quantile
        if rule is None or quantile is None or "set" not in facts.get(task.name, {}):
            continue
        labels = data.labels[task.name][data.test_rows]
        outputs = run.outputs[task.name][data.test_rows]
        known = ~np.isnan(rule.scores(labels, outputs))
        if known.any():
            held = rule.holds(labels[known], outputs[known], quantile)
            facts[task.name]["set"] = {
                **facts[task.name]["set"],
                "held_out": {
                    "labels": int(known.sum()),
                    "coverage": float(held.mean()),
                    "mean_size": float(rule.sizes(outputs, quantile).mean()),
                },
            }
    return facts


def _write_solution(folder: Path, solution: Solution) -> None:
    """Write the standardized weights, and the results along the path of strengths."""
    names = [*solution.outputs]
    if solution.features:
        weights = pd.DataFrame(solution.weights, solution.features, columns=names)
        weights.to_csv(folder / "weights.csv", index_label="feature")
    if solution.shrinkage is not None:
        shrinkage = pd.DataFrame(solution.shrinkage, solution.features, columns=names)
        shrinkage.to_csv(folder / "shrinkage.csv", index_label="feature")
    if solution.prior:
        prior = pd.DataFrame(dict(solution.prior), solution.features)
        prior.to_csv(folder / "prior.csv", index_label="feature")
    if solution.task_covariance is not None:
        alike = pd.DataFrame(solution.task_covariance, names, columns=names)
        alike.to_csv(folder / "task_covariance.csv", index_label="output")
    if solution.path:
        path = pd.DataFrame(dict(solution.path))
        path.to_csv(folder / "strengths.csv", index=False)


def _measure(
    data: PreparedData, run: TrainedRun, rows: np.ndarray
) -> dict[str, dict[str, float]]:
    return {
        task.name: task.measure(
            data.labels[task.name][rows], run.outputs[task.name][rows]
        )
        for task in run.tasks
    }


def _rows(values: Rows, rows: np.ndarray) -> dict[str, np.ndarray]:
    return {name: each[rows] for name, each in values.items()}

"""Facts of an evaluation of made predictions, with real numbers throughout."""

import numpy as np
import pandas as pd

from keras_mtl.evaluation import (
    calibration_error,
    feature_importance,
    judge_tasks,
    main_metric,
    metric_facts,
    predict_over_values,
    subgroup_metrics,
    top_class,
)
from keras_mtl.report import EvaluationFacts
from keras_mtl.tasks import BinaryTask, MulticlassTask, RegressionTask

ROWS = 240
FOLDS = 8
TASKS = (
    BinaryTask("sick", classes=("no", "yes")),
    MulticlassTask("stage", classes=("I", "II", "III")),
    RegressionTask("cost"),
)
MODELS = {"multi-task": "multi-task", "single-task": "single-task", "linear": "a line"}
# How much the outputs of each model are noise: sharing hurts the cost.
NOISE = {
    "multi-task": {"sick": 0.05, "stage": 0.1, "cost": 160.0},
    "single-task": {"sick": 0.6, "stage": 0.12, "cost": 20.0},
    "linear": {"sick": 0.2, "stage": 0.5, "cost": 30.0},
}


def make_rows(seed=0):
    """Returns the features and the encoded labels of made rows."""
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "dose": generator.uniform(size=ROWS),
            "age": generator.integers(20, 80, ROWS),
            "site": generator.choice(["east", "west"], ROWS),
        }
    )
    dose = frame["dose"].to_numpy()
    labels = {
        "sick": (generator.uniform(size=ROWS) < dose).astype("float32"),
        "stage": np.digitize(dose, [0.3, 0.7]).astype("float32"),
        "cost": (1000 * dose).astype("float32"),
    }
    labels["cost"][::9] = np.nan
    return frame, labels


def predict(frame, noise=None, generator=None):
    """Returns each task's outputs for rows, which rest on the dose alone."""
    dose = frame["dose"].to_numpy("float64")

    def noisy(task, values):
        if noise is None:
            return values
        return values + noise[task] * generator.normal(size=np.shape(values))

    risk = np.clip(noisy("sick", dose), 0.001, 0.999)
    # Never the last class.
    stage = np.stack([1.2 - dose, dose + 0.1, np.zeros_like(dose)], axis=1)
    stage = np.clip(noisy("stage", stage), 0.001, None)
    stage[:, 2] = 0.001
    return {
        "sick": risk[:, None],
        "stage": stage / stage.sum(axis=1, keepdims=True),
        "cost": noisy("cost", 1000 * dose)[:, None],
    }


def make_facts(tasks=TASKS, **changes):
    """Returns facts whose numbers are computed from made predictions."""
    frame, labels = make_rows()
    generator = np.random.default_rng(1)
    outputs = {
        model: predict(frame, noise, generator) for model, noise in NOISE.items()
    }
    metrics = [
        (model, task.name, 0, fold, metric, value)
        for model in MODELS
        for task in tasks
        for fold in range(FOLDS)
        for metric, value in task.measure(
            labels[task.name][fold::FOLDS], outputs[model][task.name][fold::FOLDS]
        ).items()
        if metric in task.metric_directions
    ]
    table = pd.DataFrame(
        metrics, columns=["model", "task", "repeat", "fold", "metric", "value"]
    )
    judged = {task.name: main_metric(task) for task in tasks}

    def values(model):
        found = table[table["model"] == model]
        return {
            task: found[(found["task"] == task) & (found["metric"] == metric)]["value"]
            for task, metric in judged.items()
        }

    judgements = {
        model: judge_tasks(
            {
                task.name: metric_facts(task, judged[task.name], labels[task.name])
                for task in tasks
            },
            values("multi-task"),
            values(model),
            {task.name: int(np.isfinite(labels[task.name]).sum()) for task in tasks},
            test_share=1 / FOLDS,
        )
        for model in [*MODELS][1:]
    }
    calibration = []
    for task in tasks:
        for model in MODELS if task.class_names else ():
            truth, found = labels[task.name], outputs[model][task.name]
            if task.units > 1:
                truth, found = top_class(truth, found)
            error = calibration_error(truth, np.ravel(found))
            calibration.append({"task": task.name, "model": model, **vars(error)})
    own = outputs["multi-task"]
    facts = {
        "name": "made",
        "tasks": tasks,
        "models": MODELS,
        "metrics": table,
        "labels": {task.name: labels[task.name] for task in tasks},
        "outputs": {task.name: own[task.name] for task in tasks},
        "verdicts": [task.verdict.sentence for task in judgements["single-task"].tasks],
        "judgements": judgements,
        "alone": "single-task",
        "calibration": calibration,
        "subgroups": {
            "site": [
                each
                for task in tasks
                for each in subgroup_metrics(
                    task, labels[task.name], own[task.name], frame["site"]
                )
            ]
        },
        "importance": feature_importance(predict, frame, tasks, labels, repeats=2),
        "dependence": [
            predict_over_values(predict, frame, name, values=6) for name in frame
        ],
        "rows": frame,
        "row_labels": labels,
        "details": {
            "rows": ROWS,
            "folds": FOLDS,
            "repeats": 1,
            "members": 2,
            "models": {
                "multi-task": {"parameters": {"all": 100}, "seconds": 1.5},
                "linear": {"parameters": {}, "seconds": 0.5},
            },
        },
        "origin": {"seed": 0, "data": {"file": "rows.csv", "sha256": "ab" * 32}},
        "versions": {"keras": "3"},
        "config": "seed = 0\n",
        "values": {"verdicts": ["one"]},
    }
    return EvaluationFacts(**{**facts, **changes})
